# The route of `GET /credentials` on each kind of API, behind the authorizer. The function knows the origins: it answers
# the preflights, and a preflight has no token (Fetch Standard, "CORS-preflight fetch").

locals {
  hands_out_rest = var.credentials_route && var.rest_api != null
  hands_out_http = var.credentials_route && var.http_api != null
}

resource "aws_api_gateway_resource" "credentials" {
  count = local.hands_out_rest ? 1 : 0

  rest_api_id = var.rest_api.id
  parent_id   = var.rest_api.root_resource_id
  path_part   = local.credentials_path
}

resource "aws_api_gateway_method" "credentials" {
  count = local.hands_out_rest ? 1 : 0

  rest_api_id        = var.rest_api.id
  resource_id        = aws_api_gateway_resource.credentials[0].id
  http_method        = "GET"
  authorization      = "CUSTOM"
  authorizer_id      = aws_api_gateway_authorizer.rest[0].id
  request_parameters = { (local.credentials_token) = true }
}

# A stage that caches keys by nothing but the path unless it is told: keyed by the token, it could repeat a caller's answer
# to that caller alone (API Gateway Developer Guide, "Cache settings for REST APIs").
resource "aws_api_gateway_integration" "credentials" {
  count = local.hands_out_rest ? 1 : 0

  rest_api_id             = var.rest_api.id
  resource_id             = aws_api_gateway_resource.credentials[0].id
  http_method             = aws_api_gateway_method.credentials[0].http_method
  type                    = "AWS_PROXY"
  integration_http_method = "POST"
  uri                     = aws_lambda_function.credentials[0].invoke_arn
  cache_key_parameters    = [local.credentials_token]
}

resource "aws_api_gateway_method" "credentials_preflight" {
  count = local.hands_out_rest ? 1 : 0

  rest_api_id   = var.rest_api.id
  resource_id   = aws_api_gateway_resource.credentials[0].id
  http_method   = "OPTIONS"
  authorization = "NONE"
}

resource "aws_api_gateway_integration" "credentials_preflight" {
  count = local.hands_out_rest ? 1 : 0

  rest_api_id             = var.rest_api.id
  resource_id             = aws_api_gateway_resource.credentials[0].id
  http_method             = aws_api_gateway_method.credentials_preflight[0].http_method
  type                    = "AWS_PROXY"
  integration_http_method = "POST"
  uri                     = aws_lambda_function.credentials[0].invoke_arn
}

resource "aws_apigatewayv2_integration" "credentials" {
  count = local.hands_out_http ? 1 : 0

  api_id                 = var.http_api.id
  integration_type       = "AWS_PROXY"
  integration_method     = "POST"
  integration_uri        = aws_lambda_function.credentials[0].arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "credentials" {
  count = local.hands_out_http ? 1 : 0

  api_id             = var.http_api.id
  route_key          = "GET /${local.credentials_path}"
  target             = "integrations/${aws_apigatewayv2_integration.credentials[0].id}"
  authorization_type = "CUSTOM"
  authorizer_id      = aws_apigatewayv2_authorizer.http[0].id
}

resource "aws_apigatewayv2_route" "credentials_preflight" {
  count = local.hands_out_http ? 1 : 0

  api_id             = var.http_api.id
  route_key          = "OPTIONS /${local.credentials_path}"
  target             = "integrations/${aws_apigatewayv2_integration.credentials[0].id}"
  authorization_type = "NONE"
}

# This route alone may invoke the function.
resource "aws_lambda_permission" "credentials" {
  for_each = merge(
    local.hands_out_rest ? { rest = var.rest_api.id } : {},
    local.hands_out_http ? { http = var.http_api.id } : {},
  )

  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.credentials[0].function_name
  principal     = "apigateway.amazonaws.com"
  source_arn = join(":", [
    "arn", data.aws_partition.current.partition, "execute-api", data.aws_region.current.id,
    data.aws_caller_identity.current.account_id, "${each.value}/*/*/${local.credentials_path}",
  ])
}
