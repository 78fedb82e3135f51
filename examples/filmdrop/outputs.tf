output "parent_role_statements" {
  description = "For `role_statements` in a parent's `definition.yaml`."
  value       = yamlencode(module.callbacks.parent_role_statements)
}

output "wait_for_payloads_state" {
  description = "For a parent's `state-machine.json`: a Map that waits for `$.payloads`."
  value       = module.callbacks.filmdrop_wait_for_payloads_state_json
}
