output "table_name" {
  description = "Name of the tracking table."
  value       = one(aws_dynamodb_table.this[*].name)
}

output "table_arn" {
  description = "ARN of the tracking table."
  value       = one(aws_dynamodb_table.this[*].arn)
}

output "stream_arn" {
  description = "ARN of the tracking table's stream."
  value       = one(aws_dynamodb_table.this[*].stream_arn)
}

output "kms_key_arn" {
  description = "ARN of the KMS key of table and stream; null where AWS owns it."
  value       = var.create ? local.key_arn : null
}

output "sender_function_name" {
  description = "Name of the sender."
  value       = one(module.sender[*].function.function_name)
}

output "sender_function_arn" {
  description = "ARN of the sender."
  value       = one(module.sender[*].function.arn)
}

output "sender_role_name" {
  description = "Name of the sender's role."
  value       = one(module.sender[*].role.name)
}

output "event_source_mapping_uuid" {
  description = "UUID of the mapping from the stream to the sender."
  value       = one(aws_lambda_event_source_mapping.stream[*].uuid)
}

output "reconciler_function_name" {
  description = "Name of the reconciler."
  value       = one(module.reconciler[*].function.function_name)
}

output "reconciler_function_arn" {
  description = "ARN of the reconciler."
  value       = one(module.reconciler[*].function.arn)
}

output "reconciler_role_name" {
  description = "Name of the reconciler's role."
  value       = one(module.reconciler[*].role.name)
}

output "failure_bucket_name" {
  description = "Bucket that keeps the records that the sender could not handle."
  value       = var.create ? local.failure_bucket_name : null
}

output "failures_url" {
  description = "Where in that bucket they lie."
  value       = var.create ? local.failures_url : null
}

output "process_policy_json" {
  description = "What `process` needs on the tracking table, as a policy document: attached to its role unless `attach_policies` is false."
  value       = local.cirrus_policies["process"]
}

output "update_state_policy_json" {
  description = "What `update-state` needs on the tracking table, as a policy document: attached to its role unless `attach_policies` is false."
  value       = local.cirrus_policies["update_state"]
}

output "cirrus_role_names" {
  description = "Roles to which those were attached, under `process` and `update_state`."
  value       = local.role_names
}

output "parent_policy_json" {
  description = "What the role of a parent workflow needs: to send to the process queue."
  value       = jsonencode({ Version = "2012-10-17", Statement = [local.parent_statement] })
}

output "parent_role_statements" {
  description = "The same as FilmDrop's `role_statements` in a workflow's `definition.yaml` (print it with `yamlencode`)."
  value = [{
    sid       = local.parent_statement.Sid
    effect    = local.parent_statement.Effect
    actions   = local.parent_statement.Action
    resources = local.parent_statement.Resource
  }]
}

output "wait_for_payload_state_json" {
  description = "JSONPath state that sends the payload at `process[0].tasks.wait.child` of its input, a payload, and waits for it; the answer is at `answer`."
  value       = jsonencode(local.wait_states.plain)
}

output "wait_for_payloads_state_json" {
  description = "JSONPath Map state that sends each payload in the list at `process[0].tasks.wait.children` of its input, a payload, and waits for all of them; at `answers` is, in the list's order, the answer or `{\"error\": NAME}` of each."
  value       = jsonencode(local.map_states.plain)
}

output "wait_for_payload_jsonata_state_json" {
  description = "JSONata state that sends the payload at `process[0].tasks.wait.child` of its input, a payload, and waits for it; the answer is at `answer`."
  value       = jsonencode(local.jsonata_wait_states.plain)
}

output "wait_for_payloads_jsonata_state_json" {
  description = "JSONata Map state that sends each payload in the list at `process[0].tasks.wait.children` of its input, a payload, and waits for all of them; at `answers` is, in the list's order, the answer or `{\"error\": NAME}` of each."
  value       = jsonencode(local.jsonata_map_states.plain)
}

output "filmdrop_wait_for_payload_state_json" {
  description = "JSONPath state that sends the payload at `process[0].tasks.wait.child` of its input, a payload, and waits for it; the answer is at `answer`. For a FilmDrop `state-machine.json`: the queue's URL is its template variable `CIRRUS_PROCESS_QUEUE_URL`."
  value       = jsonencode(local.wait_states.filmdrop)
}

output "filmdrop_wait_for_payloads_state_json" {
  description = "JSONPath Map state that sends each payload in the list at `process[0].tasks.wait.children` of its input, a payload, and waits for all of them; at `answers` is, in the list's order, the answer or `{\"error\": NAME}` of each. For a FilmDrop `state-machine.json`: the queue's URL is its template variable `CIRRUS_PROCESS_QUEUE_URL`."
  value       = jsonencode(local.map_states.filmdrop)
}

output "filmdrop_wait_for_payload_jsonata_state_json" {
  description = "JSONata state that sends the payload at `process[0].tasks.wait.child` of its input, a payload, and waits for it; the answer is at `answer`. For a FilmDrop `state-machine.json`: the queue's URL is its template variable `CIRRUS_PROCESS_QUEUE_URL`."
  value       = jsonencode(local.jsonata_wait_states.filmdrop)
}

output "filmdrop_wait_for_payloads_jsonata_state_json" {
  description = "JSONata Map state that sends each payload in the list at `process[0].tasks.wait.children` of its input, a payload, and waits for all of them; at `answers` is, in the list's order, the answer or `{\"error\": NAME}` of each. For a FilmDrop `state-machine.json`: the queue's URL is its template variable `CIRRUS_PROCESS_QUEUE_URL`."
  value       = jsonencode(local.jsonata_map_states.filmdrop)
}

output "wait_for_members_states_json" {
  description = "JSONPath states `WaitForMembers`, which sends the list at `process[0].tasks.wait.children` of its input, a payload, as one join and waits for all of it, and `TooFewSucceeded`, to which it goes when a member failed. At `answer` is what became of the members, or `{\"error\", \"cause\"}`, whose cause tells of those that failed."
  value       = jsonencode(local.join_states.plain)
}

output "wait_for_members_jsonata_states_json" {
  description = "JSONata states `WaitForMembers`, which sends the list at `process[0].tasks.wait.children` of its input, a payload, as one join and waits for all of it, and `TooFewSucceeded`, to which it goes when a member failed. At `answer` is what became of the members, or `{\"error\", \"cause\"}`, whose cause tells of those that failed."
  value       = jsonencode(local.jsonata_join_states.plain)
}

output "filmdrop_wait_for_members_states_json" {
  description = "JSONPath states `WaitForMembers`, which sends the list at `process[0].tasks.wait.children` of its input, a payload, as one join and waits for all of it, and `TooFewSucceeded`, to which it goes when a member failed. At `answer` is what became of the members, or `{\"error\", \"cause\"}`, whose cause tells of those that failed. For a FilmDrop `state-machine.json`: the queue's URL is its template variable `CIRRUS_PROCESS_QUEUE_URL`."
  value       = jsonencode(local.join_states.filmdrop)
}

output "filmdrop_wait_for_members_jsonata_states_json" {
  description = "JSONata states `WaitForMembers`, which sends the list at `process[0].tasks.wait.children` of its input, a payload, as one join and waits for all of it, and `TooFewSucceeded`, to which it goes when a member failed. At `answer` is what became of the members, or `{\"error\", \"cause\"}`, whose cause tells of those that failed. For a FilmDrop `state-machine.json`: the queue's URL is its template variable `CIRRUS_PROCESS_QUEUE_URL`."
  value       = jsonencode(local.jsonata_join_states.filmdrop)
}

output "filter_patterns" {
  description = "Filter patterns of the stream mapping."
  value       = local.filter_patterns
}

output "alarm_names" {
  description = "Names of the alarms."
  value       = sort([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name])
}
