# Made by `python -m tests.deploy.generated`: the tables that CloudFormation's templates are made of.

variable "credentials_route" {
  type        = bool
  default     = false
  description = "true makes GET /credentials, where callers get credentials of their own as [callers] of access.toml says. A scope has to open that route. With reserved_concurrency its function has as many environments again."
}

variable "too_many_sessions_per_five_minutes" {
  type        = number
  default     = 10
  description = "With GET /credentials, more answers 429 than this raise an alarm: somebody asks for more sessions than a user may have."

  validation {
    condition     = var.too_many_sessions_per_five_minutes >= 1
    error_message = "too_many_sessions_per_five_minutes: expected 1 or more."
  }
}

locals {
  credentials_name        = "${var.name}-credentials"
  credentials_description = "Hands callers credentials of their own"
  credentials_handler     = "authorizer.own_handler.lambda_handler"
  credentials_path        = "credentials"
  credentials_token       = "method.request.header.Authorization"
  credentials_alarms = {
    too_many_sessions = {
      description = "Callers are answered 429: as many of a user's own sessions are alive as callers.sessions allows. A page asks in a loop, or somebody makes what they can of a stolen token: the records' `sub` says whose."
      expression  = null
      label       = null
      metrics = {
        sum = {
          namespace = "CognitoAuthorizer"
          name      = "decisions"
          dimensions = {
            function = local.credentials_name
            verdict  = "deny"
            code     = "too_many_sessions"
          }
        }
      }
      period    = 300
      periods   = 1
      of_them   = null
      threshold = var.too_many_sessions_per_five_minutes
    }
    failures = {
      description = "GET /credentials could not decide. The records with verdict \"failure\" say why."
      expression  = "FILL(failures, 0) - FILL(keys, 0)"
      label       = "failures"
      metrics = {
        failures = {
          namespace = "CognitoAuthorizer"
          name      = "decisions"
          dimensions = {
            function = local.credentials_name
            verdict  = "failure"
          }
        }
        keys = {
          namespace = "CognitoAuthorizer"
          name      = "decisions"
          dimensions = {
            function = local.credentials_name
            verdict  = "failure"
            code     = "keys_unavailable"
          }
        }
      }
      period    = 60
      periods   = 3
      of_them   = 2
      threshold = 0
    }
    crashes = {
      description = "The function behind GET /credentials does not start, or runs out of time or memory."
      expression  = null
      label       = null
      metrics = {
        sum = {
          namespace  = "AWS/Lambda"
          name       = "Errors"
          dimensions = { FunctionName = local.credentials_name }
        }
      }
      period    = 300
      periods   = 1
      of_them   = null
      threshold = 0
    }
    throttles = {
      description = "Lambda turned calls of GET /credentials away: its reserved concurrency, or the account's, is used up."
      expression  = null
      label       = null
      metrics = {
        sum = {
          namespace  = "AWS/Lambda"
          name       = "Throttles"
          dimensions = { FunctionName = local.credentials_name }
        }
      }
      period    = 300
      periods   = 1
      of_them   = null
      threshold = 0
    }
  }
}
