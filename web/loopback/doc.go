// Package loopback is where a browser comes back to when somebody signs in at
// a terminal: a port of the user's own machine, open for this one sign-in
// (RFC 8252 section 7.3). It leads the browser to the prompt, takes what Duo
// sends back with it, and shows how the sign-in ended.
package loopback
