"""What stands between this project and the AWS libraries where they fall short: connections that check whom they reach,
logs that keep quiet, clients short of patience. A new version of the libraries is met here first."""
