// Package portal is the room of people: pages under /mfa/ where they sign in
// with the Universal Prompt, see and end their sessions, look after their Duo
// devices, get a sign-in code for a client that cannot do the two calls, and
// read how to set a client up. It works without JavaScript.
package portal
