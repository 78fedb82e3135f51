variable "cirrus_zip" {
  description = "The cirrus dist zip with the plugin in it (`cirrus-callbacks package --cirrus-dist ...`)."
  type        = string
  nullable    = false
}

variable "sender_zip" {
  description = "The zip for sender and reconciler (`cirrus-callbacks package --sender -o FILE`)."
  type        = string
  nullable    = false
}

variable "deletion_protection" {
  description = "Protect both tracking tables. To remove everything, apply with false first."
  type        = bool
  default     = true
  nullable    = false
}

variable "process_memory" {
  description = "Memory of cirrus's `process` in MB: something upstream of the callbacks that changes now and then."
  type        = number
  default     = 512
  nullable    = false
}

variable "log_format" {
  description = "Lambda's log format; null leaves it to Lambda."
  type        = string
  default     = "JSON"
}
