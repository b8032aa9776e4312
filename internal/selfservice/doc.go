// Package selfservice is what people may do about their own second factor: see
// which devices Duo has of them, and add one. It is the help desk's policy with
// the person himself as the actor and nobody else as the subject; who may do it,
// and after what proof, is the caller's.
package selfservice
