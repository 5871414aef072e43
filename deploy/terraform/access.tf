# What access.toml decides: `authorizer deploy terraform` generates it.

variable "environment" {
  type        = map(string)
  description = "The function's environment: a value for each `env:` name."
}

variable "execution_policy" {
  type        = string
  description = "What the function's role may do, besides writing its log: a policy as JSON."
}

variable "result_ttl" {
  type        = number
  description = "Seconds for which API Gateway repeats an answer."
}

variable "simple" {
  type        = bool
  description = "Whether answers are simple ones, which only HTTP APIs take, and never repeat."
}

variable "identity_sources" {
  type = object({
    rest_token   = string
    rest_request = string
    http         = list(string)
    http_simple  = list(string)
    websocket    = list(string)
  })
  description = "What the answers of each kind of API are keyed by."
}

variable "metadata" {
  type = object({
    authorization_servers = list(string)
    scopes_supported      = list(string)
  })
  description = "What metadata of the protected resource say (RFC 9728)."
}
