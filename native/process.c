/* What a process does with itself. */
#include "strata.h"

/* (status): it does not come back. */
napi_value strata_end_process(napi_env env, napi_callback_info info) {
  ARGS(1);
  _exit(arg_int(env, argv[0]));
}
