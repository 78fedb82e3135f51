# DynamoDB refuses to delete a protected table, but Terraform would by then have removed everything
# that depends on it. This resource depends on all of that, so a destroy meets it first, and stops
# before anything is gone. Its command does nothing but print and fail; it runs in sh and cmd alike.

resource "terraform_data" "deletion_guard" {
  count = local.count

  input = {
    protected = var.deletion_protection
    table     = local.table_name
  }

  provisioner "local-exec" {
    when = destroy
    command = (
      self.input.protected
      ? "echo deletion_protection is true for the tracking table ${self.input.table}, nothing of this module was removed. Apply with deletion_protection = false first, or keep the table as terraform/README.md says under Removal. 1>&2 && exit 1"
      : "exit 0"
    )
  }

  depends_on = [
    aws_cloudwatch_dashboard.this,
    aws_cloudwatch_event_target.schedule,
    aws_cloudwatch_metric_alarm.this,
    aws_iam_role_policy.cirrus,
    aws_kms_alias.this,
    aws_lambda_event_source_mapping.stream,
    aws_lambda_function_event_invoke_config.reconciler,
    aws_lambda_permission.schedule,
    aws_s3_bucket_lifecycle_configuration.failures,
    aws_s3_bucket_policy.failures,
    aws_s3_bucket_server_side_encryption_configuration.failures,
    aws_ssm_parameter.this,
  ]
}
