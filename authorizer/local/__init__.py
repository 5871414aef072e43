"""The laptop's Cognito and AWS: a local issuer, an embedded STS, the personas of the sample events. Never in Lambda."""
