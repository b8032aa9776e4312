// Package prompt is the Universal Prompt for pages: it sends a browser to Duo
// and takes it back, for a sign-in after a password and for a user who is
// signed in and is to confirm once more. Which page asks, and what an approval
// opens, is the caller's.
//
// An answer of Duo counts only in the browser that asked: a cookie says which
// one that is, and no address does.
package prompt
