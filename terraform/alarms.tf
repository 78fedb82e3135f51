# Alarms. Metrics of AWS are in AWS/..., those of sender and reconciler in the namespace that
# cirrus_callbacks_plugin/lambda_functions/metrics.py defines (a test compares the names).
#
# An alarm rings when `datapoints` of the last `periods` breach. Each description ends with its place
# in the runbook, whose headings are these keys with hyphens.

locals {
  metrics_namespace     = "CirrusCallbacks"
  reconciler_dimensions = { service = "reconciler", table = local.table_name }

  alarms = {
    sender_errors = {
      severity    = "WARNING"
      title       = "sender errors"
      description = "The sender ${local.sender_name} failed: answers to waiting workflows are late. Its log says why."
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = { FunctionName = local.sender_name }
      statistic   = "Sum"
      period      = 300
      periods     = 1
      datapoints  = 1
      comparison  = "GreaterThanOrEqualToThreshold"
      threshold   = var.alarm_sender_errors
    }
    iterator_age = {
      severity    = "CRITICAL"
      title       = "sender is behind its stream"
      description = "The sender ${local.sender_name} works on stream records of ${local.table_name} that are older than ${var.alarm_iterator_age_seconds} s. Records are lost to it after 24 hours; the reconciler answers what they were about."
      namespace   = "AWS/Lambda"
      metric      = "IteratorAge"
      dimensions  = { FunctionName = local.sender_name }
      statistic   = "Maximum"
      period      = 300
      periods     = 1
      datapoints  = 1
      comparison  = "GreaterThanOrEqualToThreshold"
      threshold   = var.alarm_iterator_age_seconds * 1000
    }
    failure_destination = {
      severity    = "WARNING"
      title       = "stream records in the failure destination"
      description = "The sender ${local.sender_name} gave up stream records, which lie in ${coalesce(local.failures_url, "the failure destination")}. The reconciler answers what they were about; look why, then remove the objects."
      namespace   = local.metrics_namespace
      metric      = "FailureDestinationObjects"
      dimensions  = local.reconciler_dimensions
      statistic   = "Maximum"
      period      = 900
      periods     = 1
      datapoints  = 1
      comparison  = "GreaterThanOrEqualToThreshold"
      threshold   = var.alarm_failure_destination_objects
    }
    reconciler_errors = {
      severity    = "CRITICAL"
      title       = "reconciler errors"
      description = "The reconciler ${local.reconciler_name} fails: nothing mends waits whose events were lost. Its log says why."
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = { FunctionName = local.reconciler_name }
      statistic   = "Sum"
      period      = 1800
      periods     = 1
      datapoints  = 1
      comparison  = "GreaterThanOrEqualToThreshold"
      threshold   = var.alarm_reconciler_errors
    }
    reconciler_repairs = {
      severity    = "WARNING"
      title       = "reconciler keeps repairing"
      description = "The reconciler ${local.reconciler_name} has had waits to repair for an hour: events or stream records are being lost. Look at update-state's errors and dead-letter queue, and at the sender."
      namespace   = local.metrics_namespace
      metric      = "Repairs"
      dimensions  = local.reconciler_dimensions
      statistic   = "Sum"
      period      = 900
      periods     = 4
      datapoints  = 4
      comparison  = "GreaterThanThreshold"
      threshold   = var.alarm_reconciler_repairs
    }
    incomplete_passes = {
      severity    = "WARNING"
      title       = "reconciler does not get through"
      description = "The reconciler ${local.reconciler_name} runs out of time before it has looked at every open wait: repairs are late. Give it more time or memory, or let fewer workflows wait at once."
      namespace   = local.metrics_namespace
      metric      = "IncompletePasses"
      dimensions  = local.reconciler_dimensions
      statistic   = "Sum"
      period      = 900
      periods     = 4
      datapoints  = 2
      comparison  = "GreaterThanOrEqualToThreshold"
      threshold   = var.alarm_incomplete_passes
    }
    row_errors = {
      severity    = "WARNING"
      title       = "waits that the reconciler cannot look at"
      description = "The reconciler ${local.reconciler_name} keeps failing on rows of ${local.table_name}: these waits are not repaired. Its log names their payloads."
      namespace   = local.metrics_namespace
      metric      = "RowErrors"
      dimensions  = local.reconciler_dimensions
      statistic   = "Sum"
      period      = 900
      periods     = 4
      datapoints  = 2
      comparison  = "GreaterThanOrEqualToThreshold"
      threshold   = var.alarm_row_errors
    }
    describes_refused = {
      severity    = "WARNING"
      title       = "reconciler may not describe executions"
      description = "The reconciler ${local.reconciler_name} is not allowed to describe runs: lost ends are not repaired. Its role needs states:DescribeExecution on the deployment's executions, and sibling_prefixes must not cover them."
      namespace   = local.metrics_namespace
      metric      = "DescribesRefused"
      dimensions  = local.reconciler_dimensions
      statistic   = "Sum"
      period      = 900
      periods     = 1
      datapoints  = 1
      comparison  = "GreaterThanOrEqualToThreshold"
      threshold   = var.alarm_describes_refused
    }
    stuck_payloads = {
      severity    = "WARNING"
      title       = "payloads stuck in the state table"
      description = "Executions of payloads in ${local.state_table_name} have ended while the table says otherwise: update-state missed their ends. The log of ${local.reconciler_name} names the payloads."
      namespace   = local.metrics_namespace
      metric      = "StuckPayloads"
      dimensions  = local.reconciler_dimensions
      statistic   = "Maximum"
      period      = 900
      periods     = 1
      datapoints  = 1
      comparison  = "GreaterThanOrEqualToThreshold"
      threshold   = var.alarm_stuck_payloads
    }
    oldest_wait = {
      severity    = "WARNING"
      title       = "oldest open wait"
      description = "A workflow has been waiting for longer than ${var.alarm_oldest_wait_seconds} s for its payload in ${local.table_name}."
      namespace   = local.metrics_namespace
      metric      = "OldestOpenWaitSeconds"
      dimensions  = local.reconciler_dimensions
      statistic   = "Maximum"
      period      = 900
      periods     = 1
      datapoints  = 1
      comparison  = "GreaterThanOrEqualToThreshold"
      threshold   = var.alarm_oldest_wait_seconds
    }
    open_waits = {
      severity    = "CRITICAL"
      title       = "open waits near the executions quota"
      description = "Waits in ${local.table_name} hold open more than ${var.alarm_open_waits_share * 100} % of the ${var.open_executions_quota} executions that the account may have open in the region."
      namespace   = local.metrics_namespace
      metric      = "OpenWaits"
      dimensions  = local.reconciler_dimensions
      statistic   = "Maximum"
      period      = 900
      periods     = 1
      datapoints  = 1
      comparison  = "GreaterThanThreshold"
      threshold   = floor(var.alarm_open_waits_share * var.open_executions_quota)
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = var.create && var.create_alarms ? local.alarms : {}

  alarm_name          = "${each.value.severity}: ${local.name} ${each.value.title}"
  alarm_description   = "${each.value.description} ${var.runbook_url}#${replace(each.key, "_", "-")}"
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.datapoints
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching"
  alarm_actions       = each.value.severity == "CRITICAL" ? var.critical_topic_arns : var.warning_topic_arns
  ok_actions          = var.warning_topic_arns
  tags                = local.tags
}
