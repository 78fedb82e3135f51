# How sender and reconciler run.

variable "lambda_package" {
  description = "The zip for sender and reconciler, made by `cirrus-callbacks package --sender -o FILE`: `zip_path`, or an S3 object (`s3_bucket`, `s3_key`, optionally `s3_object_version`). Required unless `create` is false."
  type = object({
    zip_path          = optional(string)
    s3_bucket         = optional(string)
    s3_key            = optional(string)
    s3_object_version = optional(string)
  })
  default = null

  validation {
    condition     = var.lambda_package == null || (try(var.lambda_package.zip_path, null) == null) != (try(var.lambda_package.s3_bucket, null) == null)
    error_message = "lambda_package needs either zip_path or an S3 object (s3_bucket and s3_key), not both and not neither."
  }

  validation {
    condition     = (try(var.lambda_package.s3_bucket, null) == null) == (try(var.lambda_package.s3_key, null) == null)
    error_message = "lambda_package needs s3_bucket and s3_key together."
  }

  validation {
    condition     = try(var.lambda_package.s3_object_version, null) == null || try(var.lambda_package.s3_bucket, null) != null
    error_message = "lambda_package.s3_object_version belongs to s3_bucket and s3_key."
  }

  validation {
    condition     = try(var.lambda_package.zip_path, null) == null || try(fileexists(var.lambda_package.zip_path), false)
    error_message = "lambda_package.zip_path names no file: build it with `cirrus-callbacks package --sender -o FILE`, and give a path relative to the root module's folder, or an absolute one."
  }
}

variable "runtime" {
  description = "Python runtime of both functions. The zip is pure Python and runs on any of them; python3.14 needs an AWS provider that knows it."
  type        = string
  default     = "python3.12"
  nullable    = false

  validation {
    condition     = contains(["python3.10", "python3.11", "python3.12", "python3.13", "python3.14"], var.runtime)
    error_message = "runtime must be one of python3.10, python3.11, python3.12, python3.13 and python3.14."
  }
}

variable "architecture" {
  description = "Processor architecture of both functions."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
}

variable "sender" {
  description = "The sender and its stream mapping. `parallelization_factor` batches of one shard run at once, since a batch may work on a join for ten seconds; the records of one row keep their order in any case; a batch that fails is bisected and retried `maximum_retry_attempts` times or until its records are `maximum_record_age_seconds` old, then kept in the failure destination."
  type = object({
    memory_size                = optional(number, 256)
    timeout_seconds            = optional(number, 60)
    reserved_concurrency       = optional(number, -1)
    batch_size                 = optional(number, 100)
    batching_window_seconds    = optional(number, 0)
    parallelization_factor     = optional(number, 4)
    maximum_retry_attempts     = optional(number, 20)
    maximum_record_age_seconds = optional(number, 21600)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.sender.memory_size >= 128 && var.sender.memory_size <= 10240
    error_message = "sender.memory_size must be from 128 to 10240 MB."
  }

  validation {
    condition     = var.sender.timeout_seconds >= 10 && var.sender.timeout_seconds <= 900
    error_message = "sender.timeout_seconds must be from 10 to 900: it settles thousands of waits where update-state ran out of time."
  }

  validation {
    condition     = var.sender.reserved_concurrency >= -1 && var.sender.reserved_concurrency != 0
    error_message = "sender.reserved_concurrency must be -1 (none) or at least 1: with 0 nothing would be answered."
  }

  validation {
    condition     = var.sender.batch_size >= 1 && var.sender.batch_size <= 1000
    error_message = "sender.batch_size must be from 1 to 1000: a larger batch does not fit into the sender's time."
  }

  validation {
    condition     = var.sender.batching_window_seconds >= 0 && var.sender.batching_window_seconds <= 300
    error_message = "sender.batching_window_seconds must be from 0 to 300."
  }

  validation {
    condition     = var.sender.parallelization_factor >= 1 && var.sender.parallelization_factor <= 10
    error_message = "sender.parallelization_factor must be from 1 to 10."
  }

  validation {
    condition     = var.sender.maximum_retry_attempts >= 1 && var.sender.maximum_retry_attempts <= 10000
    error_message = "sender.maximum_retry_attempts must be from 1 to 10000: retries without end would block the shard behind one bad record."
  }

  validation {
    condition     = var.sender.maximum_record_age_seconds >= 60 && var.sender.maximum_record_age_seconds <= 86400
    error_message = "sender.maximum_record_age_seconds must be from 60 to 86400: a DynamoDB stream keeps its records for 24 hours."
  }
}

variable "reconciler" {
  description = "The reconciler and its `schedule` (`rate(...)` or `cron(...)`). A pass ends 30 s before its timeout and before the schedule's next interval (`interval_seconds`: read from a `rate`, else 300). The repairs alarm looks at quarters of an hour: run it at least that often."
  type = object({
    schedule             = optional(string, "rate(5 minutes)")
    enabled              = optional(bool, true)
    memory_size          = optional(number, 512)
    timeout_seconds      = optional(number, 300)
    interval_seconds     = optional(number)
    reserved_concurrency = optional(number, -1)
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^(rate\\((1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))\\)|cron\\([^ ]+( [^ ]+){5}\\))$", var.reconciler.schedule))
    error_message = "reconciler.schedule must be an EventBridge schedule: rate(5 minutes), rate(1 hour) (singular for 1) or cron(0/10 * * * ? *) with six fields."
  }

  validation {
    condition     = var.reconciler.memory_size >= 128 && var.reconciler.memory_size <= 10240
    error_message = "reconciler.memory_size must be from 128 to 10240 MB."
  }

  validation {
    condition     = var.reconciler.timeout_seconds >= 60 && var.reconciler.timeout_seconds <= 900
    error_message = "reconciler.timeout_seconds must be from 60 to 900: 30 s of it are kept in reserve."
  }

  validation {
    condition     = try(var.reconciler.interval_seconds >= 60 && var.reconciler.interval_seconds <= 86400, var.reconciler.interval_seconds == null)
    error_message = "reconciler.interval_seconds must be from 60 to 86400."
  }

  validation {
    condition     = var.reconciler.reserved_concurrency >= -1 && var.reconciler.reserved_concurrency != 0
    error_message = "reconciler.reserved_concurrency must be -1 (none) or at least 1: to pause the reconciler set reconciler.enabled to false."
  }
}

variable "grace_seconds" {
  description = "The reconciler leaves rows alone that are younger than this (`CIRRUS_CALLBACKS_GRACE_SECONDS`)."
  type        = number
  default     = 900
  nullable    = false

  validation {
    condition     = var.grace_seconds >= 60 && var.grace_seconds <= 86400 && floor(var.grace_seconds) == var.grace_seconds
    error_message = "grace_seconds must be a whole number of seconds from 60 to 86400."
  }
}

variable "redelivery_seconds" {
  description = "After this long the process queue delivers a message no more: its visibility timeout x maxReceiveCount, and a margin (`CIRRUS_CALLBACKS_REDELIVERY_SECONDS`). `cirrus-callbacks doctor` compares it with the queue."
  type        = number
  default     = 5400
  nullable    = false

  validation {
    condition     = var.redelivery_seconds >= 60 && var.redelivery_seconds <= 1209600 && floor(var.redelivery_seconds) == var.redelivery_seconds
    error_message = "redelivery_seconds must be a whole number of seconds from 60 to 1209600 (SQS keeps a message for 14 days at most)."
  }
}

variable "heartbeat" {
  description = "Send a heartbeat for every open wait at every pass of the reconciler (`CIRRUS_CALLBACKS_HEARTBEAT`): parents may then set HeartbeatSeconds, longer than two schedule intervals and a pass."
  type        = bool
  default     = false
  nullable    = false
}

variable "cycles" {
  description = "Tell the youngest wait of a cycle of waits `CirrusCallback.DependencyCycle` (`CIRRUS_CALLBACKS_CYCLES`): each waits for the run that the next one belongs to, all of them longer than `grace_seconds`. Cycles are counted (metric `DependencyCycles`) and shown by the commands in any case."
  type        = bool
  default     = false
  nullable    = false
}

variable "vpc" {
  description = "Subnets and security groups in which both functions run; null for none. They need to reach DynamoDB, Step Functions and CloudWatch Logs, and S3 for the alarm on failed records (endpoints or NAT)."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  default = null

  validation {
    condition     = var.vpc == null || (length(try(var.vpc.subnet_ids, [])) > 0 && length(try(var.vpc.security_group_ids, [])) > 0)
    error_message = "vpc needs at least one of subnet_ids and one of security_group_ids; null runs the functions outside of any VPC."
  }
}

variable "role_path" {
  description = "IAM path of the two roles that the module creates."
  type        = string
  default     = "/"
  nullable    = false

  validation {
    condition     = can(regex("^/([!-~]+/)?$", var.role_path))
    error_message = "role_path must begin and end with a slash."
  }
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the two roles that the module creates; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:[^:]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy."
  }
}

variable "tracing" {
  description = "Trace both functions with X-Ray."
  type        = bool
  default     = false
  nullable    = false
}

variable "log_retention_days" {
  description = "Days for which the logs of both functions are kept."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be one that CloudWatch Logs offers: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "log_format" {
  description = "Lambda's log format, `JSON` or `Text`; null leaves it to Lambda's default and sends no logging configuration at all. The functions' own lines are JSON in either case."
  type        = string
  default     = "JSON"

  validation {
    condition     = var.log_format == null || contains(["JSON", "Text"], coalesce(var.log_format, "JSON"))
    error_message = "log_format must be JSON, Text or null."
  }
}

variable "log_level" {
  description = "Log level of both functions. No level writes a task token."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARN", "ERROR", "FATAL"], var.log_level)
    error_message = "log_level must be DEBUG, INFO, WARN, ERROR or FATAL, as Lambda spells them."
  }
}
