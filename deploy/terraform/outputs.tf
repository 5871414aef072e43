output "execution_role_arn" {
  description = "The principal that the vended roles trust."
  value       = aws_iam_role.authorizer.arn
}

output "function_arn" {
  description = "The one function that may assume them."
  value       = aws_lambda_function.authorizer.arn
}

output "version" {
  description = "The newest published version."
  value       = aws_lambda_function.authorizer.version
}

output "log_group" {
  description = "Where the decision records are."
  value       = aws_cloudwatch_log_group.authorizer.name
}

output "authorizers" {
  description = "The authorizers' ids, by kind of API."
  value = merge(
    { for authorizer in aws_api_gateway_authorizer.rest : "rest" => authorizer.id },
    { for authorizer in aws_apigatewayv2_authorizer.http : "http" => authorizer.id },
    { for authorizer in aws_apigatewayv2_authorizer.websocket : "websocket" => authorizer.id },
  )
}
