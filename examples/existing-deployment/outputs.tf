output "resource_prefix" {
  description = "Prefix of every name."
  value       = var.resource_prefix
}

output "deployment_name" {
  description = "Name of the deployment in SSM."
  value       = local.deployment_name
}

output "process_queue_url" {
  description = "URL of the process queue."
  value       = aws_sqs_queue.process.url
}

output "payload_bucket" {
  description = "Bucket of the payloads."
  value       = aws_s3_bucket.payloads.bucket
}

output "role_names" {
  description = "Roles of `process` and `update-state`, as the callbacks module takes them."
  value = {
    process      = aws_iam_role.function["process"].name
    update_state = aws_iam_role.function["update-state"].name
  }
}

output "workflow_role_names" {
  description = "Roles of the workflows."
  value       = { for name, role in aws_iam_role.workflow : name => role.name }
}

output "event_topic_arn" {
  description = "Cirrus's workflow-event topic."
  value       = aws_sns_topic.workflow_event.arn
}
