# What a REST API answers where the authorizer lets nobody in (RFC 9110 section 11.6.1, RFC 6750 section 3), and where a
# client learns who signs its tokens (RFC 9728). They are of the next deployment of the API.

locals {
  has_metadata = var.rest_api != null && var.resource_url != null
  challenge    = local.has_metadata ? "'Bearer resource_metadata=\"${var.resource_url}${local.metadata_path}\"'" : "'Bearer'"
  readable     = var.allow_origin == null ? {} : { "gatewayresponse.header.Access-Control-Allow-Origin" = "'${var.allow_origin}'" }
  exposed      = var.allow_origin == null ? {} : { "gatewayresponse.header.Access-Control-Expose-Headers" = "'WWW-Authenticate'" }
  metadata = jsonencode({
    resource                 = var.resource_url
    authorization_servers    = var.metadata.authorization_servers
    scopes_supported         = var.metadata.scopes_supported
    bearer_methods_supported = ["header"]
  })
}

resource "aws_api_gateway_gateway_response" "answer" {
  for_each = var.rest_api != null && var.gateway_responses ? local.answers : {}

  rest_api_id        = var.rest_api.id
  response_type      = each.key
  status_code        = each.value.status
  response_templates = { "application/json" = each.value.body }
  response_parameters = merge(
    { "gatewayresponse.header.Cache-Control" = "'no-store'" },
    local.readable,
    each.value.status == "401" ? merge({ "gatewayresponse.header.WWW-Authenticate" = local.challenge }, local.exposed) : {},
  )
}

resource "aws_api_gateway_resource" "well_known" {
  count = local.has_metadata ? 1 : 0

  rest_api_id = var.rest_api.id
  parent_id   = var.rest_api.root_resource_id
  path_part   = ".well-known"

  lifecycle {
    precondition {
      condition     = var.rest_api.root_resource_id != null
      error_message = "resource_url needs the root_resource_id of rest_api."
    }
  }
}

resource "aws_api_gateway_resource" "protected_resource" {
  count = local.has_metadata ? 1 : 0

  rest_api_id = var.rest_api.id
  parent_id   = aws_api_gateway_resource.well_known[0].id
  path_part   = "oauth-protected-resource"
}

resource "aws_api_gateway_method" "metadata" {
  count = local.has_metadata ? 1 : 0

  rest_api_id   = var.rest_api.id
  resource_id   = aws_api_gateway_resource.protected_resource[0].id
  http_method   = "GET"
  authorization = "NONE"
}

resource "aws_api_gateway_method_response" "metadata" {
  count = local.has_metadata ? 1 : 0

  rest_api_id = var.rest_api.id
  resource_id = aws_api_gateway_resource.protected_resource[0].id
  http_method = aws_api_gateway_method.metadata[0].http_method
  status_code = "200"
}

resource "aws_api_gateway_integration" "metadata" {
  count = local.has_metadata ? 1 : 0

  rest_api_id       = var.rest_api.id
  resource_id       = aws_api_gateway_resource.protected_resource[0].id
  http_method       = aws_api_gateway_method.metadata[0].http_method
  type              = "MOCK"
  request_templates = { "application/json" = "{\"statusCode\": 200}" }
}

resource "aws_api_gateway_integration_response" "metadata" {
  count = local.has_metadata ? 1 : 0

  rest_api_id = var.rest_api.id
  resource_id = aws_api_gateway_resource.protected_resource[0].id
  http_method = aws_api_gateway_method.metadata[0].http_method
  status_code = aws_api_gateway_method_response.metadata[0].status_code

  # A template of API Gateway reads `$` and `#` as its own: JSON has another way to write them.
  response_templates = { "application/json" = replace(replace(local.metadata, "$", "\\u0024"), "#", "\\u0023") }

  depends_on = [aws_api_gateway_integration.metadata]
}
