# What is deployed, beside which cirrus. Functions: variables.functions.tf; alarms: variables.alarms.tf.

variable "create" {
  description = "Create anything at all: false removes every resource of the module and keeps the call."
  type        = bool
  default     = true
  nullable    = false
}

variable "prefix" {
  description = "Resource prefix of the cirrus deployment, without a trailing hyphen: its functions are `<prefix>-process` and `<prefix>-update-state`, its state machines `<prefix>-<workflow>`. FilmDrop calls it `resource_prefix`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z]([0-9A-Za-z-]{0,26}[0-9A-Za-z])?$", var.prefix))
    error_message = "prefix must be 1 to 28 letters, digits or hyphens, and neither begin nor end with a hyphen: the module adds hyphens where names need them, and the longest name (an IAM role with its region) may have 64 characters."
  }
}

variable "sibling_prefixes" {
  description = "Prefixes of other cirrus deployments in this account and region that extend `prefix` (`a-b` beside `a`): AWS cannot tell `a-*` from `a-b-*` by itself, so the reconciler is denied the executions of these."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for sibling in var.sibling_prefixes : can(regex("^[0-9A-Za-z]([0-9A-Za-z-]{0,62}[0-9A-Za-z])?$", sibling))])
    error_message = "sibling_prefixes must be prefixes of deployments: letters, digits and hyphens, without a trailing hyphen."
  }
}

variable "deployment_name" {
  description = "Name of the deployment in cirrus's SSM parameters (`/deployment/<name>/...`; FilmDrop: `<project_name>-<environment>`). Not the prefix. Null publishes no parameters."
  type        = string
  default     = null

  validation {
    condition     = var.deployment_name == null || can(regex("^[0-9A-Za-z_.-]{1,128}$", var.deployment_name))
    error_message = "deployment_name must be 1 to 128 letters, digits, dots, hyphens or underscores, as in /deployment/<name>/: give the name alone, without slashes."
  }
}

variable "state_table_name" {
  description = "Name of cirrus's state table. Null means `<prefix>-state`."
  type        = string
  default     = null

  validation {
    condition     = var.state_table_name == null || can(regex("^[0-9A-Za-z_.-]{3,255}$", var.state_table_name))
    error_message = "state_table_name must be the name of a DynamoDB table (3 to 255 letters, digits, dots, hyphens or underscores), not its ARN."
  }
}

variable "table_name" {
  description = "Name of the tracking table. Null means the state table's name with its ending `-state` replaced by `-callbacks`, which the hooks find without any configuration: with another name, `process` and `update-state` need `CIRRUS_CALLBACKS_TABLE`."
  type        = string
  default     = null

  validation {
    condition     = var.table_name == null || can(regex("^[0-9A-Za-z_.-]{3,255}$", var.table_name))
    error_message = "table_name must be the name of a DynamoDB table (3 to 255 letters, digits, dots, hyphens or underscores), not its ARN."
  }
}

variable "process_function_name" {
  description = "Name of cirrus's `process` function, whose role is looked up. Null means `<prefix>-process`."
  type        = string
  default     = null

  validation {
    condition     = var.process_function_name == null || can(regex("^[0-9A-Za-z_-]{1,64}$", var.process_function_name))
    error_message = "process_function_name must be the name of a Lambda function (1 to 64 letters, digits, hyphens or underscores), not its ARN."
  }
}

variable "update_state_function_name" {
  description = "Name of cirrus's `update-state` function, whose role is looked up. Null means `<prefix>-update-state`."
  type        = string
  default     = null

  validation {
    condition     = var.update_state_function_name == null || can(regex("^[0-9A-Za-z_-]{1,64}$", var.update_state_function_name))
    error_message = "update_state_function_name must be the name of a Lambda function (1 to 64 letters, digits, hyphens or underscores), not its ARN."
  }
}

variable "cirrus_role_names" {
  description = "Names of the roles of cirrus's functions, under the keys `process` and `update_state`. A role given here is not looked up: needed where cirrus is created in the same plan. The values may be known only after apply, the keys may not."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.cirrus_role_names), ["process", "update_state"])) == 0
    error_message = "cirrus_role_names knows the keys process and update_state only."
  }

  validation {
    condition     = alltrue([for name in values(var.cirrus_role_names) : can(regex("^[0-9A-Za-z_+=,.@-]{1,64}$", name))])
    error_message = "cirrus_role_names must hold role names (1 to 64 characters, no path, no ARN): of arn:aws:iam::123456789012:role/some/path/NAME it is NAME."
  }
}

variable "attach_policies" {
  description = "Attach the permissions on the tracking table to the roles of `process` and `update-state`. With false nothing of cirrus is looked up or touched; attach the outputs `process_policy_json` and `update_state_policy_json` yourself."
  type        = bool
  default     = true
  nullable    = false
}

variable "process_queue_name" {
  description = "Name of cirrus's process queue, for the statements and states that parent workflows need. Null means `<prefix>-process`."
  type        = string
  default     = null

  validation {
    condition     = var.process_queue_name == null || can(regex("^[0-9A-Za-z_-]{1,80}$", var.process_queue_name))
    error_message = "process_queue_name must be the name of a standard SQS queue (1 to 80 letters, digits, hyphens or underscores), not its URL or ARN."
  }
}

variable "process_queue_url" {
  description = "URL of cirrus's process queue as it is to stand in the ready states. Null means the URL that SQS forms of region, account and name."
  type        = string
  default     = null

  validation {
    condition     = var.process_queue_url == null || can(regex("^https?://", var.process_queue_url))
    error_message = "process_queue_url must be a queue's URL (https://sqs.<region>.amazonaws.com/<account>/<name>)."
  }
}

variable "payloads_url" {
  description = "Where cirrus 2 keeps its payloads, `s3://<bucket>/<root prefix>`: `CIRRUS_PAYLOAD_BUCKET` and `CIRRUS_PAYLOAD_ROOT_PREFIX` (`cirrus` unless set) of `process`. Null reads both from that function where it is looked up. Without it (and on cirrus 1) an answer that the reconciler mends has no `output_payload_url`; an empty text turns it off."
  type        = string
  default     = null

  validation {
    condition     = var.payloads_url == null || can(regex("^(s3://[0-9a-z][0-9a-z.-]{1,61}[0-9a-z]/.*[^/])?$", var.payloads_url))
    error_message = "payloads_url must be s3://<bucket>/<root prefix> (s3://my-payloads/cirrus), without a slash at its end."
  }
}

variable "workflows" {
  description = "The per-workflow flag: workflows that may be waited *for*, by name. `{ \"*\" = { enabled = true } }` means all of them; an empty map, none: every new wait is then answered `CirrusCallback.NotEnabled`."
  type = map(object({
    enabled = optional(bool, true)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.workflows) : name == "*" || can(regex("^[0-9A-Za-z_.@+=!-]{1,80}$", name))])
    error_message = "workflows must have names of workflows as keys (1 to 80 letters, digits or any of _.@+=!-, as state machines are named), or * for all."
  }

  validation {
    condition     = !contains(keys(var.workflows), "*") || length(var.workflows) == 1
    error_message = "workflows may hold either * or names: with * every workflow is enabled, and a name beside it, enabled or not, would change nothing."
  }
}

variable "retention_days" {
  description = "Days for which an answered row is kept (`CIRRUS_CALLBACKS_RETENTION_DAYS`)."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 3650 && floor(var.retention_days) == var.retention_days
    error_message = "retention_days must be a whole number of days from 1 to 3650."
  }
}

variable "point_in_time_recovery" {
  description = "Keep continuous backups of the tracking table for 35 days."
  type        = bool
  default     = true
  nullable    = false
}

variable "deletion_protection" {
  description = "Refuse to destroy the tracking table, and with it everything else of the module. To remove it all, apply with false first."
  type        = bool
  default     = true
  nullable    = false
}

variable "encryption" {
  description = "Who owns the key of the tracking table, its stream and the failure bucket: `key = \"aws\"` (AWS, no cost), `\"create\"` (a KMS key of this module) or `\"given\"` (with `kms_key_arn`). With a KMS key all four functions get permission to decrypt with it."
  type = object({
    key         = optional(string, "aws")
    kms_key_arn = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["aws", "create", "given"], var.encryption.key)
    error_message = "encryption.key must be aws, create or given."
  }

  validation {
    condition     = (var.encryption.key == "given") == (var.encryption.kms_key_arn != null)
    error_message = "encryption.kms_key_arn belongs to key = \"given\", and key = \"given\" needs it."
  }

  validation {
    condition     = var.encryption.kms_key_arn == null || can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/.+$", var.encryption.kms_key_arn))
    error_message = "encryption.kms_key_arn must be the ARN of a key (arn:<partition>:kms:<region>:<account>:key/<id>): an alias is not accepted in policies."
  }
}

variable "failure_destination" {
  description = "Bucket for stream records that the sender could not handle (they hold task tokens: treat it as a store of secrets). By default the module's own, whose objects expire after `retention_days`; with `create_bucket = false`, the one named."
  type = object({
    create_bucket  = optional(bool, true)
    bucket_name    = optional(string)
    retention_days = optional(number, 30)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.failure_destination.create_bucket == (var.failure_destination.bucket_name == null)
    error_message = "failure_destination needs either create_bucket = true (the default) or create_bucket = false with the bucket_name of an existing bucket, not both."
  }

  validation {
    condition     = var.failure_destination.bucket_name == null || can(regex("^[0-9a-z][0-9a-z.-]{1,61}[0-9a-z]$", var.failure_destination.bucket_name))
    error_message = "failure_destination.bucket_name must be the name of a bucket (3 to 63 lower-case letters, digits, dots or hyphens), not its ARN."
  }

  validation {
    condition     = var.failure_destination.retention_days >= 1 && var.failure_destination.retention_days <= 3650 && floor(var.failure_destination.retention_days) == var.failure_destination.retention_days
    error_message = "failure_destination.retention_days must be a whole number of days from 1 to 3650."
  }
}

variable "wait_timeout_seconds" {
  description = "`TimeoutSeconds` in the ready states for parent workflows: how long a parent waits at most. Longer than the child's longest run, its queue included."
  type        = number
  default     = 86400
  nullable    = false

  validation {
    condition     = var.wait_timeout_seconds >= 1 && var.wait_timeout_seconds <= 31536000 && floor(var.wait_timeout_seconds) == var.wait_timeout_seconds
    error_message = "wait_timeout_seconds must be a whole number of seconds from 1 to 31536000 (a Step Functions execution lasts a year at most)."
  }
}

variable "tags" {
  description = "Tags of every resource of the module."
  type        = map(string)
  default     = {}
  nullable    = false
}
