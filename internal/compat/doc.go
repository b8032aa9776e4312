// Package compat holds the simulator and the client against Duo's own software:
// the official Go SDK and API library run against the simulator unchanged,
// requests shaped as the other SDKs send them are taken or refused as the
// service would, and the client signs and sends what the library does. It is a
// module of its own so that the product depends on none of it.
package compat
