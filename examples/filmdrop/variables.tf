variable "project_name" {
  description = "As in your FilmDrop deployment."
  type        = string
  nullable    = false
}

variable "environment" {
  description = "As in your FilmDrop deployment."
  type        = string
  nullable    = false
}

variable "resource_prefix" {
  description = "`resource_prefix` of FilmDrop's cirrus module."
  type        = string
  nullable    = false
}

variable "vpc" {
  description = "The VPC in which cirrus's functions run."
  type = object({
    id                 = string
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  nullable = false
}

variable "warning_topic_arn" {
  description = "FilmDrop's warning topic."
  type        = string
  nullable    = false
}

variable "critical_topic_arn" {
  description = "FilmDrop's critical topic."
  type        = string
  nullable    = false
}

variable "cirrus_zip" {
  description = "The cirrus dist zip with the plugin in it, relative to this folder (`cirrus-callbacks package --cirrus-dist ... -o ...`)."
  type        = string
  default     = "cirrus-with-callbacks.zip"
  nullable    = false
}

variable "cirrus_pyversion" {
  description = "Python of that zip."
  type        = string
  default     = "3.14"
  nullable    = false
}

variable "sender_zip" {
  description = "The zip for sender and reconciler (`cirrus-callbacks package --sender -o ...`)."
  type        = string
  default     = "sender.zip"
  nullable    = false
}
