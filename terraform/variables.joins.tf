# Joins: one token that waits for many payloads.

variable "joins_url" {
  description = "Where the whole list of a join's members is written (`CIRRUS_CALLBACKS_JOINS_URL`), `s3://<bucket>/<prefix>/`. By default `callbacks/joins/` below `payloads_url`, or below the bucket and prefix that `process` has in its environment; nowhere where neither names a bucket. Null turns it off: answers then have no `members_at`, and a join of more members than fit into its answer tells counts alone. The objects are yours to expire (README, Joins)."
  type        = string
  default     = "derived"

  validation {
    condition     = var.joins_url == null || var.joins_url == "derived" || can(regex("^s3://[0-9a-z][0-9a-z.-]{1,61}[0-9a-z]/(.*/)?$", var.joins_url))
    error_message = "joins_url must be s3://<bucket>/<prefix>/ (s3://my-payloads/cirrus/callbacks/joins/), with a slash at its end; null turns it off."
  }
}

variable "additional_member_list_arns" {
  description = "Where the sender may read lists of members that a join names by `members_url`, beside the payload bucket: ARNs of buckets (`arn:aws:s3:::lists`) or of prefixes in them (`arn:aws:s3:::lists/nightly/`)."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.additional_member_list_arns : can(regex("^arn:[^:]+:s3:::[0-9a-z][0-9a-z.-]{1,61}[0-9a-z](/[^*]*)?$", arn))])
    error_message = "additional_member_list_arns must be ARNs of buckets (arn:aws:s3:::lists) or of prefixes in them (arn:aws:s3:::lists/nightly/), without an asterisk."
  }
}

variable "additional_queue_arns" {
  description = "Further queues that feed `process`: a join's members are sent to the queue that its request came through."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.additional_queue_arns : can(regex("^arn:[^:]+:sqs:[^:]+:[0-9]{12}:[0-9A-Za-z_-]{1,80}$", arn))])
    error_message = "additional_queue_arns must be ARNs of standard queues (arn:aws:sqs:<region>:<account>:<name>)."
  }
}

variable "join_keys" {
  description = "KMS keys of your own with which joins have to do: of the queues that feed `process` (`queue_key_arns`), of the bucket in `joins_url` (`joins_key_arn`), of buckets with lists of members, the payload bucket among them (`member_list_key_arns`). The key's policy must leave the decision to IAM policies, as AWS's default one does."
  type = object({
    queue_key_arns       = optional(list(string), [])
    joins_key_arn        = optional(string)
    member_list_key_arns = optional(list(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for arn in concat(var.join_keys.queue_key_arns, var.join_keys.member_list_key_arns, compact([var.join_keys.joins_key_arn])) : can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/.+$", arn))])
    error_message = "join_keys must hold ARNs of keys (arn:<partition>:kms:<region>:<account>:key/<id>): an alias is not accepted in policies."
  }
}

variable "queue_seconds" {
  description = "How long a queue that feeds `process` keeps a message at most (`CIRRUS_CALLBACKS_QUEUE_SECONDS`, its MessageRetentionPeriod): after that, and `redelivery_seconds`, a member of a join that never arrived is told `NeverStarted`. The default is SQS's longest. `cirrus-callbacks doctor` compares it with the queues."
  type        = number
  default     = 1209600
  nullable    = false

  validation {
    condition     = var.queue_seconds >= 60 && var.queue_seconds <= 1209600 && floor(var.queue_seconds) == var.queue_seconds
    error_message = "queue_seconds must be a whole number of seconds from 60 to 1209600 (SQS keeps a message for 14 days at most)."
  }
}
