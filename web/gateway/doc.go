// Package gateway passes the requests of signed-in clients on to the engine
// behind us, and its answers back. It owns what crosses: of a request the
// method, the target, a fixed list of headers and the body; of an answer the
// status, a fixed list of headers and the body. Cookies, credentials and
// addresses are set by us alone, and nothing of a client without a session
// reaches the engine at all: what is public is fetched by requests of our own.
package gateway
