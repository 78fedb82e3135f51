variable "name" {
  description = "Name of the function, and what its role and log group are named after."
  type        = string
  nullable    = false
}

variable "description" {
  description = "What the function is for."
  type        = string
  nullable    = false
}

variable "handler" {
  description = "Its handler in the zip."
  type        = string
  nullable    = false
}

variable "statements" {
  description = "What it may do, beside what every Lambda function needs."
  type = list(object({
    Sid      = string
    Effect   = string
    Action   = list(string)
    Resource = list(string)
  }))
  nullable = false
}

variable "environment" {
  description = "Its environment variables."
  type        = map(string)
  nullable    = false
}

variable "memory_size" {
  description = "Its memory in MB."
  type        = number
  nullable    = false
}

variable "timeout_seconds" {
  description = "Its timeout."
  type        = number
  nullable    = false
}

variable "reserved_concurrency" {
  description = "Concurrent executions that are reserved for it; -1 for none."
  type        = number
  nullable    = false
}

variable "shared" {
  description = "What it has in common with the other function, by the names that the module two folders up has for it."
  type = object({
    partition = string
    region    = string
    account   = string
    package = object({
      zip_path          = optional(string)
      s3_bucket         = optional(string)
      s3_key            = optional(string)
      s3_object_version = optional(string)
    })
    runtime                  = string
    architecture             = string
    role_path                = string
    permissions_boundary_arn = optional(string)
    tracing                  = bool
    vpc = optional(object({
      subnet_ids         = list(string)
      security_group_ids = list(string)
    }))
    log_format         = optional(string)
    log_level          = string
    log_retention_days = number
    tags               = map(string)
  })
  nullable = false
}
