# Made by `python -m tests.deploy.generated`: the tables that CloudFormation's templates are made of.

variable "name" {
  type        = string
  description = "What the function is called, before `-authorizer`. Policies name it: it cannot change later."

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,48}$", var.name))
    error_message = "name: expected ^[A-Za-z0-9_-]{1,48}$."
  }
}

variable "zip" {
  type        = string
  description = "The zip that `authorizer bundle` has made."
}

variable "rest_authorizer_type" {
  type        = string
  default     = "TOKEN"
  description = "TOKEN reads one header alone; REQUEST is keyed by all identity sources of access.toml, each of which every request then needs."

  validation {
    condition     = contains(["TOKEN", "REQUEST"], var.rest_authorizer_type)
    error_message = "rest_authorizer_type: expected one of TOKEN, REQUEST."
  }
}

variable "gateway_responses" {
  type        = bool
  default     = true
  description = "Whether a REST API's answers 401 (with WWW-Authenticate), 403 (with the refusal's code) and 500 are set."
}

variable "allow_origin" {
  type        = string
  default     = null
  description = "With a REST API, the origin whose pages may read these answers, such as https://app.example.com, or *. null: none."

  validation {
    condition     = var.allow_origin == null || can(regex("^(|\\*|https?://[A-Za-z0-9.:-]+)$", var.allow_origin))
    error_message = "allow_origin: expected ^(|\\*|https?://[A-Za-z0-9.:-]+)$."
  }
}

variable "resource_url" {
  type        = string
  default     = null
  description = "With a REST API, its public URL without a path, such as https://api.example.com: then the 401 names, and the API has, metadata of the protected resource (RFC 9728). Needs the root_resource_id of rest_api."

  validation {
    condition     = var.resource_url == null || can(regex("^(https://[A-Za-z0-9.:-]+)?$", var.resource_url))
    error_message = "resource_url: expected ^(https://[A-Za-z0-9.:-]+)?$."
  }
}

variable "python_version" {
  type        = string
  default     = "python3.13"
  description = "What `authorizer bundle --python` built for."

  validation {
    condition     = contains(["python3.11", "python3.12", "python3.13", "python3.14"], var.python_version)
    error_message = "python_version: expected one of python3.11, python3.12, python3.13, python3.14."
  }
}

variable "architecture" {
  type        = string
  default     = "arm64"
  description = "What `authorizer bundle --arch` built for."

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture: expected one of arm64, x86_64."
  }
}

variable "snap_start" {
  type        = string
  default     = "None"
  description = "PublishedVersions starts from a snapshot. It needs python3.12 or newer, and costs per restore."

  validation {
    condition     = contains(["None", "PublishedVersions"], var.snap_start)
    error_message = "snap_start: expected one of None, PublishedVersions."
  }
}

variable "reserved_concurrency" {
  type        = number
  default     = 0
  description = "Environments that the authorizer has for itself, and at most: nothing else in the account can take them, and a flood of requests takes no others. 0 reserves none, since an account must keep 100 unreserved and a new one may have 10 in all."

  validation {
    condition     = var.reserved_concurrency >= 0
    error_message = "reserved_concurrency: expected 0 or more."
  }
}

variable "log_retention" {
  type        = number
  default     = 30
  description = "Days for which decision records are kept."

  validation {
    condition     = contains([1, 7, 14, 30, 90, 180, 365, 731, 1827], var.log_retention)
    error_message = "log_retention: expected one of 1, 7, 14, 30, 90, 180, 365, 731, 1827."
  }
}

variable "log_kms_key_arn" {
  type        = string
  default     = null
  description = "A KMS key that encrypts the log. Its policy lets CloudWatch Logs use it. null: AWS's own."
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "A KMS key that encrypts the function's environment. null: AWS's own."
}

variable "subnet_ids" {
  type        = list(string)
  default     = []
  description = "Subnets that the function runs in. They must reach STS and the issuers' keys. Empty: no VPC."
}

variable "security_group_ids" {
  type        = list(string)
  default     = []
  description = "Security groups of the function in these subnets."
}

variable "permissions_boundary" {
  type        = string
  default     = null
  description = "ARN of a permissions boundary of every role that is made here. null: none."
}

variable "tracing" {
  type        = string
  default     = "PassThrough"
  description = "Active sends traces to X-Ray."

  validation {
    condition     = contains(["PassThrough", "Active"], var.tracing)
    error_message = "tracing: expected one of PassThrough, Active."
  }
}

variable "held_version" {
  type        = string
  default     = null
  description = "The version that serves, in place of the newest: the way back, and where a roll-out begins. null: the newest."

  validation {
    condition     = var.held_version == null || can(regex("^[0-9]+$", var.held_version))
    error_message = "held_version: expected ^[0-9]+$."
  }
}

variable "new_version_percent" {
  type        = number
  default     = 0
  description = "With held_version, of a hundred requests so many go to the newest version."

  validation {
    condition     = var.new_version_percent >= 0 && var.new_version_percent <= 99
    error_message = "new_version_percent: expected 0 to 99."
  }
}

variable "alarm_topic_arn" {
  type        = string
  default     = null
  description = "An SNS topic that alarms notify. null leaves them to the console."
}

variable "refusals_per_five_minutes" {
  type        = number
  default     = 100
  description = "More refusals than this raise an alarm. Set it above an ordinary day's."

  validation {
    condition     = var.refusals_per_five_minutes >= 1
    error_message = "refusals_per_five_minutes: expected 1 or more."
  }
}

variable "keys_unavailable_per_five_minutes" {
  type        = number
  default     = 50
  description = "More requests than this that found no keys of their issuer raise an alarm. Strangers can cause some: set it above those, and below an ordinary day's requests."

  validation {
    condition     = var.keys_unavailable_per_five_minutes >= 1
    error_message = "keys_unavailable_per_five_minutes: expected 1 or more."
  }
}

variable "rest_api" {
  type        = object({ id = string, root_resource_id = optional(string) })
  default     = null
  description = "A REST API to attach to; null: none. With resource_url it needs the id of its resource `/` too."
}

variable "http_api" {
  type        = object({ id = string })
  default     = null
  description = "An HTTP API to attach to; null: none."
}

variable "websocket_api" {
  type        = object({ id = string })
  default     = null
  description = "A WebSocket API to attach to; null: none."
}
