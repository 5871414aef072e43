# Authorizers of the APIs that are given. A method or route uses its own once somebody selects it there.

resource "aws_api_gateway_authorizer" "rest" {
  count = var.rest_api == null ? 0 : 1

  rest_api_id                      = var.rest_api.id
  name                             = var.name
  type                             = var.rest_authorizer_type
  authorizer_uri                   = aws_lambda_alias.live.invoke_arn
  authorizer_result_ttl_in_seconds = var.result_ttl
  identity_source                  = var.rest_authorizer_type == "TOKEN" ? var.identity_sources.rest_token : var.identity_sources.rest_request
  identity_validation_expression   = var.rest_authorizer_type == "TOKEN" ? local.token : null
}

resource "aws_apigatewayv2_authorizer" "http" {
  count = var.http_api == null ? 0 : 1

  api_id                            = var.http_api.id
  name                              = var.name
  authorizer_type                   = "REQUEST"
  authorizer_uri                    = aws_lambda_alias.live.invoke_arn
  authorizer_payload_format_version = "2.0"
  enable_simple_responses           = var.simple
  authorizer_result_ttl_in_seconds  = var.simple ? 0 : var.result_ttl
  identity_sources                  = var.simple ? var.identity_sources.http_simple : var.identity_sources.http
}

resource "aws_apigatewayv2_authorizer" "websocket" {
  count = var.websocket_api == null ? 0 : 1

  api_id           = var.websocket_api.id
  name             = var.name
  authorizer_type  = "REQUEST"
  authorizer_uri   = aws_lambda_alias.live.invoke_arn
  identity_sources = var.identity_sources.websocket
}

locals {
  callers = merge(
    { for authorizer in aws_api_gateway_authorizer.rest : "rest" => "${var.rest_api.id}/authorizers/${authorizer.id}" },
    { for authorizer in aws_apigatewayv2_authorizer.http : "http" => "${var.http_api.id}/authorizers/${authorizer.id}" },
    { for authorizer in aws_apigatewayv2_authorizer.websocket : "websocket" => "${var.websocket_api.id}/authorizers/${authorizer.id}" },
  )
}

data "aws_partition" "current" {
}

data "aws_region" "current" {
}

data "aws_caller_identity" "current" {
}

# These authorizers alone may ask the alias.
resource "aws_lambda_permission" "authorizer" {
  for_each = local.callers

  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.authorizer.function_name
  qualifier     = aws_lambda_alias.live.name
  principal     = "apigateway.amazonaws.com"
  source_arn = join(":", [
    "arn", data.aws_partition.current.partition, "execute-api", data.aws_region.current.id,
    data.aws_caller_identity.current.account_id, each.value,
  ])
}
