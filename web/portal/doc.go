// Package portal is the room of people: plain pages under /mfa/ where they sign
// in with the Universal Prompt and get a sign-in code for a client that cannot
// do the two calls. It works without JavaScript.
package portal
