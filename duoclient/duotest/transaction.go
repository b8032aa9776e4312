package duotest

// transaction is a login by way of the Auth API.
type transaction struct{}
