// Package deploy holds what a release consists of beside the program: the systemd
// unit, the Debian package, the image, and the tests that use them as an
// administrator does. build makes a release into dist/.
package deploy
