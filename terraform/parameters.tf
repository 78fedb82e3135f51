# Beside cirrus's own deployment parameters, where its CLI and people look.

locals {
  parameters = {
    CIRRUS_CALLBACKS_TABLE               = local.table_name
    CIRRUS_CALLBACKS_SENDER_FUNCTION     = local.sender_name
    CIRRUS_CALLBACKS_RECONCILER_FUNCTION = local.reconciler_name
    CIRRUS_CALLBACKS_FAILURES_URL        = local.failures_url
  }
}

resource "aws_ssm_parameter" "this" {
  #checkov:skip=CKV_AWS_337: names, not secrets, of type String as cirrus's own parameters are
  #checkov:skip=CKV2_AWS_34: the same
  for_each = var.create && var.deployment_name != null ? local.parameters : {}

  name  = "/deployment/${var.deployment_name}/${each.key}"
  type  = "String"
  value = each.value
  tags  = local.tags
}
