# Data that is given to servers, and that others must not see: passwords, tokens, keys. Match by name, never by a grain: a
# minion says its grains itself.
#
# base:
#   'db1':
#     - database

base: {}
