variable "resource_prefix" {
  description = "Prefix of every name."
  type        = string
  default     = "fd-demo-dev-cirrus"
  nullable    = false
}

variable "project_name" {
  description = "First half of the deployment's name."
  type        = string
  default     = "demo"
  nullable    = false
}

variable "environment" {
  description = "Second half of the deployment's name."
  type        = string
  default     = "dev"
  nullable    = false
}

variable "cirrus_lambda_zip_filepath" {
  description = "The cirrus dist zip with the plugin in it (`cirrus-callbacks package --cirrus-dist ...`)."
  type        = string
  nullable    = false
}

variable "cirrus_lambda_pyversion" {
  description = "Python of that zip."
  type        = string
  default     = "3.12"
  nullable    = false
}

variable "process_memory" {
  description = "Memory of `process` in MB."
  type        = number
  default     = 512
  nullable    = false
}

variable "workflows" {
  description = "Workflows: the state machine's definition as JSON and further statements for its role, as in a `definition.yaml`. `$${CIRRUS_PROCESS_QUEUE_URL}` in a definition becomes the process queue's URL."
  type = map(object({
    definition = string
    role_statements = optional(list(object({
      sid       = string
      effect    = string
      actions   = list(string)
      resources = list(string)
    })), [])
  }))
  default  = {}
  nullable = false
}
