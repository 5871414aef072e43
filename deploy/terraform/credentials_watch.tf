resource "aws_cloudwatch_metric_alarm" "credentials" {
  for_each = { for name, alarm in local.credentials_alarms : name => alarm if var.credentials_route }

  alarm_name          = "${local.credentials_name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.expression == null ? each.value.metrics.sum.namespace : null
  metric_name         = each.value.expression == null ? each.value.metrics.sum.name : null
  dimensions          = each.value.expression == null ? each.value.metrics.sum.dimensions : null
  statistic           = each.value.expression == null ? "Sum" : null
  period              = each.value.expression == null ? each.value.period : null
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.of_them
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]

  dynamic "metric_query" {
    for_each = each.value.expression == null ? [] : [each.value]

    content {
      id          = "sum"
      expression  = metric_query.value.expression
      label       = metric_query.value.label
      return_data = true
    }
  }

  dynamic "metric_query" {
    for_each = each.value.expression == null ? {} : each.value.metrics

    content {
      id          = metric_query.key
      return_data = false

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.name
        dimensions  = metric_query.value.dimensions
        stat        = "Sum"
        period      = each.value.period
      }
    }
  }
}
