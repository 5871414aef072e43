# Made by `python -m tests.deploy.generated`: the tables that CloudFormation's templates are made of.

locals {
  function_name = "${var.name}-authorizer"
  description   = "Decides about requests, and hands out credentials for one user"
  handler       = "authorizer.handler.lambda_handler"
  timeout       = 10
  memory        = 896
  lambda_assumes = {
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "lambda.amazonaws.com" }
        Action    = "sts:AssumeRole"
      },
    ]
  }
  in_a_vpc = [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
  ]
  traces        = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
  token         = "^[Bb][Ee][Aa][Rr][Ee][Rr] +[A-Za-z0-9_-]{34,10240}[.][A-Za-z0-9_-]{34,10240}[.][A-Za-z0-9_-]{86,1366}$"
  metadata_path = "/.well-known/oauth-protected-resource"
  answers = {
    UNAUTHORIZED = {
      status = "401"
      body   = "{\"message\":\"Unauthorized\"}"
    }
    ACCESS_DENIED = {
      status = "403"
      body   = "{\"message\":\"Forbidden\",\"code\":\"$context.authorizer.code\"}"
    }
    AUTHORIZER_FAILURE = {
      status = "500"
      body   = "{\"message\":\"Internal server error\"}"
    }
    AUTHORIZER_CONFIGURATION_ERROR = {
      status = "500"
      body   = "{\"message\":\"Internal server error\"}"
    }
  }
  alarms = {
    failures = {
      description = "The authorizer could not decide. The records with verdict \"failure\" say why."
      expression  = "FILL(failures, 0) - FILL(keys, 0)"
      label       = "failures"
      metrics = {
        failures = {
          namespace = "CognitoAuthorizer"
          name      = "decisions"
          dimensions = {
            function = local.function_name
            verdict  = "failure"
          }
        }
        keys = {
          namespace = "CognitoAuthorizer"
          name      = "decisions"
          dimensions = {
            function = local.function_name
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
    keys_unavailable = {
      description = "For many requests an issuer's keys could not be had. A few may be a stranger's who names a trusted issuer; many are an outage."
      expression  = null
      label       = null
      metrics = {
        sum = {
          namespace = "CognitoAuthorizer"
          name      = "decisions"
          dimensions = {
            function = local.function_name
            verdict  = "failure"
            code     = "keys_unavailable"
          }
        }
      }
      period    = 300
      periods   = 1
      of_them   = null
      threshold = var.keys_unavailable_per_five_minutes
    }
    refusals = {
      description = "Many callers are refused. A new release may have lost a scope, or somebody is trying doors."
      expression  = "FILL(denied, 0) + FILL(unauthorized, 0)"
      label       = "refusals"
      metrics = {
        denied = {
          namespace = "CognitoAuthorizer"
          name      = "decisions"
          dimensions = {
            function = local.function_name
            verdict  = "deny"
          }
        }
        unauthorized = {
          namespace = "CognitoAuthorizer"
          name      = "decisions"
          dimensions = {
            function = local.function_name
            verdict  = "unauthorized"
          }
        }
      }
      period    = 300
      periods   = 1
      of_them   = null
      threshold = var.refusals_per_five_minutes
    }
    crashes = {
      description = "The authorizer raises more than its 401s and failures explain: it does not start, or runs out of time or memory."
      expression  = "FILL(errors, 0) - FILL(unauthorized, 0) - FILL(failures, 0)"
      label       = "crashes"
      metrics = {
        errors = {
          namespace  = "AWS/Lambda"
          name       = "Errors"
          dimensions = { FunctionName = local.function_name }
        }
        unauthorized = {
          namespace = "CognitoAuthorizer"
          name      = "decisions"
          dimensions = {
            function = local.function_name
            verdict  = "unauthorized"
          }
        }
        failures = {
          namespace = "CognitoAuthorizer"
          name      = "decisions"
          dimensions = {
            function = local.function_name
            verdict  = "failure"
          }
        }
      }
      period    = 300
      periods   = 1
      of_them   = null
      threshold = 0
    }
    throttles = {
      description = "Lambda turned requests away, and API Gateway answered 500 to them: the function's reserved concurrency, or the account's, is used up."
      expression  = null
      label       = null
      metrics = {
        sum = {
          namespace  = "AWS/Lambda"
          name       = "Throttles"
          dimensions = { FunctionName = local.function_name }
        }
      }
      period    = 300
      periods   = 1
      of_them   = null
      threshold = 0
    }
    refresh_failures = {
      description = "Sessions could not be renewed ahead of their end. Callers do not feel it yet: they will when the remembered ones are over."
      expression  = null
      label       = null
      metrics = {
        sum = {
          namespace  = "CognitoAuthorizer"
          name       = "refresh_failures"
          dimensions = { function = local.function_name }
        }
      }
      period    = 300
      periods   = 3
      of_them   = 2
      threshold = 0
    }
    shared_cache_failures = {
      description = "The shared cache could not be read, written or believed. Every environment asks STS for itself meanwhile; items that are not believed may be forged."
      expression  = null
      label       = null
      metrics = {
        sum = {
          namespace  = "CognitoAuthorizer"
          name       = "shared_failures"
          dimensions = { function = local.function_name }
        }
      }
      period    = 300
      periods   = 3
      of_them   = 2
      threshold = 0
    }
    sealing_key_failures = {
      description = "Sealing keys could not be read when they were due. The remembered ones serve on for a while, and then every answer with credentials fails."
      expression  = null
      label       = null
      metrics = {
        sum = {
          namespace  = "CognitoAuthorizer"
          name       = "key_failures"
          dimensions = { function = local.function_name }
        }
      }
      period    = 300
      periods   = 3
      of_them   = 2
      threshold = 0
    }
    key_fetch_failures = {
      description = "An issuer's keys could not be fetched. Those that are held serve on, for `keys.grace` at most. Fetches are counted, and not the requests that wait for them: a stranger's tokens cannot raise this."
      expression  = null
      label       = null
      metrics = {
        sum = {
          namespace  = "CognitoAuthorizer"
          name       = "key_fetch_failures"
          dimensions = { function = local.function_name }
        }
      }
      period    = 300
      periods   = 3
      of_them   = 2
      threshold = 0
    }
  }
  graphs = [
    {
      title = "Decisions"
      stat  = "Sum"
      metrics = [
        [
          "CognitoAuthorizer",
          "decisions",
          "function",
          local.function_name,
          "verdict",
          "allow",
        ],
        [
          "CognitoAuthorizer",
          "decisions",
          "function",
          local.function_name,
          "verdict",
          "deny",
        ],
        [
          "CognitoAuthorizer",
          "decisions",
          "function",
          local.function_name,
          "verdict",
          "unauthorized",
        ],
        [
          "CognitoAuthorizer",
          "decisions",
          "function",
          local.function_name,
          "verdict",
          "failure",
        ],
      ]
    },
    {
      title = "Duration, 99 of 100"
      stat  = "p99"
      metrics = [
        [
          "CognitoAuthorizer",
          "duration",
          "function",
          local.function_name,
          "verdict",
          "allow",
        ],
        [
          "CognitoAuthorizer",
          "duration",
          "function",
          local.function_name,
          "verdict",
          "deny",
        ],
        [
          "CognitoAuthorizer",
          "duration",
          "function",
          local.function_name,
          "verdict",
          "unauthorized",
        ],
        [
          "CognitoAuthorizer",
          "duration",
          "function",
          local.function_name,
          "verdict",
          "failure",
        ],
      ]
    },
    {
      title = "Sessions"
      stat  = "Sum"
      metrics = [
        [
          "CognitoAuthorizer",
          "hits",
          "function",
          local.function_name,
        ],
        [
          "CognitoAuthorizer",
          "shared_hits",
          "function",
          local.function_name,
        ],
        [
          "CognitoAuthorizer",
          "calls",
          "function",
          local.function_name,
        ],
        [
          "CognitoAuthorizer",
          "retries",
          "function",
          local.function_name,
        ],
        [
          "CognitoAuthorizer",
          "evicted",
          "function",
          local.function_name,
        ],
      ]
    },
    {
      title = "Trouble"
      stat  = "Sum"
      metrics = [
        [
          "CognitoAuthorizer",
          "refresh_failures",
          "function",
          local.function_name,
        ],
        [
          "CognitoAuthorizer",
          "shared_failures",
          "function",
          local.function_name,
        ],
        [
          "CognitoAuthorizer",
          "key_failures",
          "function",
          local.function_name,
        ],
        [
          "CognitoAuthorizer",
          "key_fetch_failures",
          "function",
          local.function_name,
        ],
      ]
    },
    {
      title = "Lambda"
      stat  = "Sum"
      metrics = [
        [
          "AWS/Lambda",
          "Invocations",
          "FunctionName",
          local.function_name,
        ],
        [
          "AWS/Lambda",
          "Errors",
          "FunctionName",
          local.function_name,
        ],
        [
          "AWS/Lambda",
          "Throttles",
          "FunctionName",
          local.function_name,
        ],
      ]
    },
  ]
}
