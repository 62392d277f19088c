# The rooms of the upper floors, from the ground up, and whom each may include.
# A room stands below all that may include it, so no cycle can be written here.
#
#   room <floor> <room> [<room that it may include> ...]

room(actors links)          # what becomes of messages on an edge, and when
room(actors compute)        # threads, and what a computation costs
room(actors observation)    # what those who look on are told
room(actors node            links compute observation)
room(actors membership      observation node)
room(actors evaluation      compute observation node)
room(actors coordination    observation node)
room(actors protocols       node)

room(runtime process)       # version, interrupts, streams
room(runtime topology)
room(runtime clock)
room(runtime run_file)      # what a run.caps holds and how it is asked
room(runtime components     topology)
room(runtime plugin         components)
room(runtime scenario       components plugin)
room(runtime run            clock components process scenario topology)
room(runtime identity)      # who a host is: keys, certificates, tokens
room(runtime wire           identity) # messages between processes
room(runtime launch         clock identity process run wire)
room(runtime monitor)       # what a run is at, for those who ask
room(runtime cluster        identity launch process run scenario wire)
room(runtime study          scenario)
room(runtime recording      process run run_file scenario)
room(runtime replay         run_file)
room(runtime report         process recording)
room(runtime conformance    recording report run scenario)
room(runtime storm          process run scenario) # a protocol under random faults
room(runtime cli            cluster components conformance identity launch
                            monitor plugin process recording replay report run
                            run_file scenario storm study wire)
