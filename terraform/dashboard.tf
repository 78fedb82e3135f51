# One look: how many wait, for how long, what was answered, how fast, what had to be repaired.

locals {
  dashboard_widgets = [
    for widget in [
      { title = "Open waits", service = "reconciler", stat = "Maximum", metrics = ["OpenWaits"] },
      { title = "Oldest open wait (s)", service = "reconciler", stat = "Maximum", metrics = ["OldestOpenWaitSeconds"] },
      { title = "Answers of the sender", service = "sender", stat = "Sum", metrics = ["AnsweredSuccess", "AnsweredFailure", "AnsweredStale", "AnswersRefused"] },
      { title = "Settled to answered (s)", service = "sender", stat = "p99", metrics = ["SettledToAnsweredSeconds"] },
      { title = "Repairs", service = "reconciler", stat = "Sum", metrics = ["Repairs", "RowErrors", "IncompletePasses", "DescribesRefused"] },
      { title = "Stuck payloads, cycles, failed records", service = "reconciler", stat = "Maximum", metrics = ["StuckPayloads", "DependencyCycles", "FailureDestinationObjects"] },
    ] :
    {
      type   = "metric"
      width  = 12
      height = 6
      properties = {
        title   = widget.title
        region  = local.region
        view    = "timeSeries"
        stat    = widget.stat
        period  = 300
        metrics = [for metric in widget.metrics : [local.metrics_namespace, metric, "service", widget.service, "table", local.table_name]]
      }
    }
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  count = var.create && var.create_dashboard ? 1 : 0

  dashboard_name = local.name
  dashboard_body = jsonencode({
    widgets = [for index, widget in local.dashboard_widgets : merge(widget, {
      x = (index % 2) * 12
      y = floor(index / 2) * 6
    })]
  })
}
