# The per-workflow flag: the sender's environment, and the stream's filter patterns. Both are what
# cirrus_callbacks_plugin/sender/filters.py makes of the same flag (a test compares them).
#
# The mapping refers to the function, so Terraform changes the environment first and the filter
# second. In between: a workflow just switched on may still send its new rows (the sender refuses
# none of them), one just switched off may still be filtered out (its rows get the truth later).

locals {
  every_workflow    = contains(keys(var.workflows), "*") ? var.workflows["*"].enabled : false
  enabled_workflows = sort([for name, flag in var.workflows : name if flag.enabled && name != "*"])
  workflows_text    = local.every_workflow ? "*" : join(",", local.enabled_workflows)

  settled_and_unanswered = jsonencode({
    dynamodb = {
      NewImage = {
        settled_at  = { S = [{ exists = true }] }
        answered_at = { S = [{ exists = false }] }
      }
    }
  })

  # A join is not a workflow and has no flag; its other rows have no workflow, so they never match.
  new_row_of_another_workflow = jsonencode({
    eventName = ["INSERT"]
    dynamodb = {
      NewImage = {
        workflow = { S = [{ "anything-but" = sort(concat(["#join"], local.enabled_workflows)) }] }
      }
    }
  })

  filter_patterns = concat(
    [local.settled_and_unanswered],
    local.every_workflow ? [] : [local.new_row_of_another_workflow],
  )

  # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
  longest_filter_pattern = 4096
  longest_environment    = 4096
}
