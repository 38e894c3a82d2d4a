#!/bin/sh
# Stands for your program: works until it is asked to end, then ends cleanly.
trap 'echo "flow: finishing"; exit 0' TERM INT
echo "flow: started with a batch size of ${CONTAINER_RPA1_BATCH_SIZE:-25}"
while :; do
  sleep 1 &
  wait $!
done
