"""make_nova_schemas CONFIG...: nova's three databases and its cells, in one process instead of four."""
import sys

from nova import config, objects
from nova.cmd import manage
from oslo_log import log

files = [word for path in sys.argv[1:] for word in ("--config-file", path)]
config.parse_args(["nova-manage", *files])
log.setup(manage.CONF, "nova")
objects.register_all()

manage.ApiDbCommands().sync()
cell0 = manage.CONF.database.connection.replace("/nova?", "/nova_cell0?")
results = [
    manage.CellV2Commands().map_cell0(database_connection=cell0),
    manage.DbCommands().sync(),
    manage.CellV2Commands().create_cell(name="cell1"),
]
if any(result not in (0, None) for result in results):
    sys.exit(f"nova's schemas were not made: {results}")
