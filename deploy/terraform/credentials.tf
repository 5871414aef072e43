# `GET /credentials`: the function that hands callers their own credentials, where access.toml has [callers]. Off until
# `credentials_route` is true. Its role may assume what is handed out and nothing else; the authorizer's may not assume that.

variable "credentials_policy" {
  type        = string
  default     = null
  description = "What the role of GET /credentials may do, besides writing its log: a policy as JSON."
}

# The authorizer's zip, pointed elsewhere. No version and no alias: a caller whose page asks twice gets the new one the
# second time.
resource "aws_lambda_function" "credentials" {
  count = var.credentials_route ? 1 : 0

  function_name                  = local.credentials_name
  description                    = local.credentials_description
  filename                       = var.zip
  source_code_hash               = filebase64sha256(var.zip)
  handler                        = local.credentials_handler
  runtime                        = var.python_version
  architectures                  = [var.architecture]
  role                           = aws_iam_role.credentials[0].arn
  timeout                        = local.timeout
  memory_size                    = local.memory
  reserved_concurrent_executions = var.reserved_concurrency == 0 ? -1 : var.reserved_concurrency
  kms_key_arn                    = var.kms_key_arn

  environment {
    variables = var.environment
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.credentials[0].name
  }

  tracing_config {
    mode = var.tracing
  }

  dynamic "vpc_config" {
    for_each = length(var.subnet_ids) > 0 ? [1] : []

    content {
      subnet_ids         = var.subnet_ids
      security_group_ids = var.security_group_ids
    }
  }

  lifecycle {
    precondition {
      condition     = var.rest_api != null || var.http_api != null
      error_message = "GET /credentials needs an API: name a REST or an HTTP API."
    }

    precondition {
      condition     = try(var.rest_api.root_resource_id, "") != null
      error_message = "GET /credentials of a REST API needs the root_resource_id of rest_api, the id of its resource `/`."
    }
  }

  depends_on = [aws_iam_role_policy.credentials_options, aws_iam_role_policy.credentials_vend]
}

# It says who was given credentials: it stays when the route goes, and a route that comes back has another.
resource "aws_cloudwatch_log_group" "credentials" {
  count = var.credentials_route ? 1 : 0

  name_prefix       = "/aws/lambda/${local.credentials_name}-"
  retention_in_days = var.log_retention
  kms_key_id        = var.log_kms_key_arn
  skip_destroy      = true
}

# What is handed out names this role in its trust: one that is made anew is another principal.
resource "aws_iam_role" "credentials" {
  count = var.credentials_route ? 1 : 0

  name                 = "${local.credentials_name}-role"
  description          = "What GET /credentials runs as"
  assume_role_policy   = jsonencode(local.lambda_assumes)
  permissions_boundary = var.permissions_boundary

  lifecycle {
    precondition {
      condition     = length(var.name) <= 47
      error_message = "name: expected 47 characters or fewer with GET /credentials: its role is called after it."
    }
  }
}

resource "aws_iam_role_policy" "credentials_vend" {
  count = var.credentials_route ? 1 : 0

  name   = "assume-vend-roles"
  role   = aws_iam_role.credentials[0].id
  policy = var.credentials_policy
}

resource "aws_iam_role_policy" "credentials_options" {
  count = var.credentials_route ? 1 : 0

  name = "run"
  role = aws_iam_role.credentials[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for actions, resource in {
        "logs:CreateLogStream,logs:PutLogEvents" = "${aws_cloudwatch_log_group.credentials[0].arn}:*"
        (join(",", local.in_a_vpc))              = length(var.subnet_ids) > 0 ? "*" : null
        (join(",", local.traces))                = var.tracing == "Active" ? "*" : null
        "kms:Decrypt"                            = var.kms_key_arn
      } :
      { Effect = "Allow", Action = split(",", actions), Resource = resource } if resource != null
    ]
  })
}

output "credentials_role_arn" {
  description = "The principal that the roles trust that are handed out; null: none."
  value       = one(aws_iam_role.credentials[*].arn)
}

output "credentials_log_group" {
  description = "Where the records of GET /credentials are; null: none."
  value       = one(aws_cloudwatch_log_group.credentials[*].name)
}
