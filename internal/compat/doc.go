// Package compat holds the simulator against Duo's own software: the official
// Go SDK runs against it unchanged, and requests shaped as the other SDKs send
// them are taken or refused as the service would. It is a module of its own so
// that the product depends on none of it.
package compat
