# Where alarms go and when they ring.

variable "create_alarms" {
  description = "Create the alarms."
  type        = bool
  default     = true
  nullable    = false
}

variable "create_dashboard" {
  description = "Create the CloudWatch dashboard `<prefix>-callbacks`."
  type        = bool
  default     = true
  nullable    = false
}

variable "warning_topic_arns" {
  description = "SNS topics for `WARNING: ...` alarms, and for every alarm's return to normal."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.warning_topic_arns : can(regex("^arn:[^:]+:sns:[^:]+:[0-9]{12}:.+$", arn))])
    error_message = "warning_topic_arns must be ARNs of SNS topics."
  }
}

variable "critical_topic_arns" {
  description = "SNS topics for `CRITICAL: ...` alarms."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.critical_topic_arns : can(regex("^arn:[^:]+:sns:[^:]+:[0-9]{12}:.+$", arn))])
    error_message = "critical_topic_arns must be ARNs of SNS topics."
  }
}

variable "runbook_url" {
  description = "Page that tells what to do about an alarm; every alarm's description ends with its place there. Give your own where you keep one, with the same headings."
  type        = string
  default     = "https://github.com/cirrus-geo/cirrus-callbacks-plugin/blob/main/docs/runbook.md"
  nullable    = false

  validation {
    condition     = can(regex("^https?://[^ #]+$", var.runbook_url))
    error_message = "runbook_url must be a page's URL (https://...), without a fragment: each alarm adds its own."
  }
}

variable "alarm_sender_errors" {
  description = "Failed invocations of the sender within five minutes at which the warning rings."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.alarm_sender_errors >= 1
    error_message = "alarm_sender_errors must be at least 1."
  }
}

variable "alarm_iterator_age_seconds" {
  description = "Age of the stream records that the sender is working on, in seconds, at which the critical alarm rings: answers are that late."
  type        = number
  default     = 900
  nullable    = false

  validation {
    condition     = var.alarm_iterator_age_seconds >= 1 && var.alarm_iterator_age_seconds <= 86400
    error_message = "alarm_iterator_age_seconds must be from 1 to 86400: a DynamoDB stream keeps its records for 24 hours."
  }
}

variable "alarm_failure_destination_objects" {
  description = "Objects in the failure destination at which the warning rings, until somebody has looked and removed them."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.alarm_failure_destination_objects >= 1 && var.alarm_failure_destination_objects <= 1000
    error_message = "alarm_failure_destination_objects must be from 1 to 1000: the reconciler counts no further."
  }
}

variable "alarm_reconciler_errors" {
  description = "Failed invocations of the reconciler within half an hour at which the critical alarm rings: nothing mends lost events until it works again."
  type        = number
  default     = 3
  nullable    = false

  validation {
    condition     = var.alarm_reconciler_errors >= 1
    error_message = "alarm_reconciler_errors must be at least 1."
  }
}

variable "alarm_reconciler_repairs" {
  description = "The warning rings when the reconciler repaired more waits than this in each quarter of an hour for an hour: single lost events are normal, a steady need for repairs is not."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.alarm_reconciler_repairs >= 0
    error_message = "alarm_reconciler_repairs must be 0 or more."
  }
}

variable "alarm_incomplete_passes" {
  description = "Passes of the reconciler that ran out of time, within a quarter of an hour, at which the warning rings when it happens in two quarters of an hour."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.alarm_incomplete_passes >= 1
    error_message = "alarm_incomplete_passes must be at least 1."
  }
}

variable "alarm_row_errors" {
  description = "Rows that the reconciler could not look at, within a quarter of an hour, at which the warning rings when it happens in two quarters of an hour: a throttled call passes by itself, a malformed row does not."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.alarm_row_errors >= 1
    error_message = "alarm_row_errors must be at least 1."
  }
}

variable "alarm_describes_refused" {
  description = "Refused DescribeExecution calls within a quarter of an hour at which the warning rings."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.alarm_describes_refused >= 1
    error_message = "alarm_describes_refused must be at least 1."
  }
}

variable "alarm_stuck_payloads" {
  description = "Payloads whose execution has ended while cirrus's state table says otherwise at which the warning rings: cirrus itself is stuck there."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.alarm_stuck_payloads >= 1
    error_message = "alarm_stuck_payloads must be at least 1."
  }
}

variable "alarm_oldest_wait_seconds" {
  description = "Age of the oldest open wait, in seconds, at which the warning rings. Longer than the longest child takes."
  type        = number
  default     = 86400
  nullable    = false

  validation {
    condition     = var.alarm_oldest_wait_seconds >= 60
    error_message = "alarm_oldest_wait_seconds must be at least 60."
  }
}

variable "alarm_open_waits_share" {
  description = "Share of `open_executions_quota` that open waits may take before the critical alarm rings: each holds an execution open."
  type        = number
  default     = 0.5
  nullable    = false

  validation {
    condition     = var.alarm_open_waits_share > 0 && var.alarm_open_waits_share <= 1
    error_message = "alarm_open_waits_share must be above 0 and at most 1."
  }
}

variable "open_executions_quota" {
  description = "The account's quota of open Step Functions executions in the region."
  type        = number
  default     = 1000000
  nullable    = false

  validation {
    condition     = var.open_executions_quota >= 1
    error_message = "open_executions_quota must be at least 1."
  }
}
