# DynamoDB refuses to delete a protected table, but Terraform would by then have removed everything
# that depends on it. This resource depends on all of that, so a destroy meets it first, and stops
# before anything is gone. Another table name or prefix replaces the table: it replaces this resource
# as well, and so is stopped in the same way. The command does nothing but print and fail; it runs in
# sh and cmd alike.

resource "terraform_data" "deletion_guard" {
  count = local.count

  input = {
    protected = var.deletion_protection
    table     = local.table_name
  }

  triggers_replace = [local.table_name, var.prefix]

  provisioner "local-exec" {
    when = destroy
    command = (
      self.input.protected
      ? "echo deletion_protection is true for the tracking table ${self.input.table}, and this apply would remove it: nothing of this module was changed. Apply with deletion_protection = false and the names that are deployed first, or see Removal and Renaming in terraform/README.md. 1>&2 && exit 1"
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
