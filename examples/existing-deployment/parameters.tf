locals {
  parameters = {
    CIRRUS_BASE_WORKFLOW_ARN        = local.base_machine
    CIRRUS_PAYLOAD_BUCKET           = aws_s3_bucket.payloads.bucket
    CIRRUS_PREFIX                   = "${var.resource_prefix}-"
    CIRRUS_PROCESS_QUEUE_ARN        = aws_sqs_queue.process.arn
    CIRRUS_PROCESS_QUEUE_URL        = aws_sqs_queue.process.url
    CIRRUS_PUBLISH_TOPIC_ARN        = aws_sns_topic.publish.arn
    CIRRUS_STATE_DB                 = aws_dynamodb_table.state.name
    CIRRUS_WORKFLOW_EVENT_TOPIC_ARN = aws_sns_topic.workflow_event.arn
  }
}

resource "aws_ssm_parameter" "pointer" {
  name = "/cirrus/deployments/${local.deployment_name}"
  type = "String"
  value = jsonencode({
    type  = "parameter_store"
    value = "/deployment/${local.deployment_name}/"
  })
}

resource "aws_ssm_parameter" "this" {
  for_each = local.parameters

  name  = "/deployment/${local.deployment_name}/${each.key}"
  type  = "String"
  value = each.value
}
