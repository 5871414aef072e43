"""An API Gateway Lambda authorizer that hands each Cognito user credentials which IAM keeps to that user."""
