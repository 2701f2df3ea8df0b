from hptui.api.arguments import EarlyStoppingCallback as EarlyStoppingCallback
from hptui.api.reading import open_study as open_study
from hptui.api.run import resume_optimization as resume_optimization
from hptui.api.run import run_optimization as run_optimization
from hptui.core.errors import HptuiError as HptuiError
from hptui.reporting import report as report
from hptui.reporting import should_stop as should_stop

__version__: str
__all__: list[str]
HptuiCallback: type
