"""The laptop's Cognito and AWS: a local issuer, an AWS that enforces, the personas of the samples. Never in Lambda."""
