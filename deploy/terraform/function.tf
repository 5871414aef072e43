resource "aws_lambda_function" "authorizer" {
  function_name                  = local.function_name
  description                    = local.description
  filename                       = var.zip
  source_code_hash               = filebase64sha256(var.zip)
  handler                        = local.handler
  runtime                        = var.python_version
  architectures                  = [var.architecture]
  role                           = aws_iam_role.authorizer.arn
  timeout                        = local.timeout
  memory_size                    = local.memory
  reserved_concurrent_executions = var.reserved_concurrency == 0 ? -1 : var.reserved_concurrency
  kms_key_arn                    = var.kms_key_arn
  publish                        = true

  environment {
    variables = var.environment
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.authorizer.name
  }

  snap_start {
    apply_on = var.snap_start
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
      condition     = var.snap_start == "None" || var.python_version != "python3.11"
      error_message = "SnapStart needs Python 3.12 or newer: bundle for another one."
    }

    precondition {
      condition     = !var.simple || (var.rest_api == null && var.websocket_api == null)
      error_message = "A REST or WebSocket API takes no simple response. Deploy a second time for it."
    }
  }

  # Lambda refuses a function whose role lacks what it needs to start, and a request that comes at once needs the rest.
  depends_on = [aws_iam_role_policy.options, aws_iam_role_policy.vend]
}

# Authorizers ask the alias. With a version held, it serves, and a share of requests goes to the newest.
resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.authorizer.function_name
  function_version = coalesce(var.held_version, aws_lambda_function.authorizer.version)

  dynamic "routing_config" {
    for_each = var.held_version != null && var.new_version_percent > 0 ? [1] : []

    content {
      additional_version_weights = {
        (aws_lambda_function.authorizer.version) = var.new_version_percent / 100
      }
    }
  }
}

# It says who was let in: `terraform destroy` leaves it.
resource "aws_cloudwatch_log_group" "authorizer" {
  name              = "/aws/lambda/${local.function_name}"
  retention_in_days = var.log_retention
  kms_key_id        = var.log_kms_key_arn
  skip_destroy      = true
}

# The vend roles' trust names this role: one that is made anew is another principal.
resource "aws_iam_role" "authorizer" {
  name                 = "${local.function_name}-role"
  description          = "What the authorizer runs as"
  assume_role_policy   = jsonencode(local.lambda_assumes)
  permissions_boundary = var.permissions_boundary
}

resource "aws_iam_role_policy" "vend" {
  name   = "assume-vend-roles"
  role   = aws_iam_role.authorizer.id
  policy = var.execution_policy
}

resource "aws_iam_role_policy" "options" {
  name = "run"
  role = aws_iam_role.authorizer.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for actions, resource in {
        "logs:CreateLogStream,logs:PutLogEvents" = "${aws_cloudwatch_log_group.authorizer.arn}:*"
        (join(",", local.in_a_vpc))              = length(var.subnet_ids) > 0 ? "*" : null
        (join(",", local.traces))                = var.tracing == "Active" ? "*" : null
        "kms:Decrypt"                            = var.kms_key_arn
      } :
      { Effect = "Allow", Action = split(",", actions), Resource = resource } if resource != null
    ]
  })
}
