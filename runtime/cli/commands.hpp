#pragma once

#include "models/errors.hpp"
#include "runtime/cli/options.hpp"
#include "runtime/components/components.hpp"

namespace caps {

/// Runs a scenario and writes its results.
exit_code run_command(const cli_options& options, const components& known);

/// Prints a resolved scenario and what it will cost.
exit_code check_command(const cli_options& options, const components& known);

/// Runs several scenarios one after the other and prints a table of their
/// results: mean and standard deviation over the seeds.
exit_code compare_command(const cli_options& options, const components& known);

/// Makes the runs of a study file that its output folder does not hold yet,
/// several at a time, and prints its tables beside the published values.
exit_code study_command(const cli_options& options, const components& known);

/// Prints a reference: of scenarios, or of the command line.
exit_code document_command(const cli_options& options, const components& known);

/// Checks a recording and prints what is in it. Throws `data_error` naming the
/// first damaged record.
exit_code verify_command(const cli_options& options);

/// Makes one recording of those of the processes of a run, and prints what is
/// missing in it.
exit_code merge_command(const cli_options& options);

/// Runs a recording again and compares every event.
exit_code replay_check_command(const cli_options& options,
                               const components& known);

/// Does a recorded run again up to an event and goes on with other settings.
exit_code fork_command(const cli_options& options, const components& known);

/// Prints the first event in which two recordings differ, and their curves.
exit_code diff_command(const cli_options& options);

/// Checks a protocol and prints what was found, and for each check that failed
/// a command line that shows it. Returns `failure` if one did.
exit_code conform_command(const cli_options& options, const components& known);

/// Runs a protocol in storms of faults and prints what broke a rule. Returns
/// `failure` if something did.
exit_code storm_command(const cli_options& options, const components& known);

} // namespace caps
