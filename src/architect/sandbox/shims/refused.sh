#!/bin/sh
# Stands for a program that reaches systems which the sandbox does not have.
echo "architect sandbox: ${0##*/} reaches what the sandbox does not have; refused" >&2
exit 126
