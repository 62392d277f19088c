#include "actors/node/node.hpp"

#include "actors/links/delay_injector.hpp"
#include "actors/node/payload_tensor.hpp"
#include "messages/error_code.hpp"
#include "models/checkpoint/checksums.hpp"
#include "models/norms.hpp"
#include "models/threads.hpp"

#include <ATen/CPUGeneratorImpl.h>

#include <caf/actor_clock.hpp>
#include <caf/actor_ostream.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

namespace caps {

namespace {

/// Signs of life per node and run.
constexpr int64_t progress_reports = 100;

/// Fills in what a node has in common with all others.
node_config complete(node_config own, const node_environment& environment) {
  if (own.part.numel == 0)
    own.part = {0, environment.model->layout().numel()};
  if (own.updates_per_epoch == 0)
    own.updates_per_epoch = environment.steps_per_epoch;
  return own;
}

/// The layout of what the node keeps.
std::shared_ptr<const parameter_layout>
layout_of(const node_environment& environment, const element_range& part) {
  const auto& whole = environment.model->layout_ptr();
  if (part.numel == whole->numel())
    return whole;
  return std::make_shared<parameter_layout>(
    part_of(*whole, part.offset, part.numel));
}

/// Writes the node's first parameters.
void start_parameters(const node_environment& environment, node_id id,
                      const element_range& part, parameter_vector& parameters) {
  // A part starts as that part of the whole.
  parameter_vector whole{environment.model->layout_ptr(), environment.options};
  if (environment.start_weights.defined()) {
    whole.weights().writable().copy_(environment.start_weights);
    whole.buffers().writable().copy_(environment.start_buffers);
  } else {
    auto owner = environment.same_start ? no_node : id;
    auto generator = at::detail::createCPUGenerator(
      derive_seed(environment.seed, owner, "initial parameters"));
    initialize(whole.layout(), environment.start, generator,
               whole.weights().writable(), whole.buffers().writable());
  }
  parameters.weights().writable().copy_(
    whole.weights().read().narrow(0, part.offset, part.numel));
  if (parameters.layout().buffer_numel() > 0)
    parameters.buffers().writable().copy_(whole.buffers().read());
}

/// Computes one gradient in a compute thread.
void compute_in_thread(const node_environment& environment,
                       const gradient_tensors& tensors,
                       const std::vector<int64_t>& indices,
                       random_stream augmentation_stream, uint64_t dropout_seed,
                       gradient_summary& result) {
  // Creating a generator costs more than seeding one.
  thread_local auto generator = at::detail::createCPUGenerator();
  generator.set_current_seed(dropout_seed);
  auto data = environment.train->gather(
    indices, c10::typeMetaToScalarType(environment.options.dtype()),
    environment.change, &augmentation_stream);
  auto device = environment.options.device();
  if (!device.is_cpu()) {
    data.input = data.input.to(device);
    data.target = data.target.to(device);
  }
  result = compute_gradient(*environment.model, tensors, data, generator);
}

} // namespace

node::node(caf::actor_config& config,
           std::shared_ptr<const node_environment> environment, node_config own)
  : caf::event_based_actor(config), environment_(std::move(environment)),
    own_(complete(std::move(own), *environment_)),
    parameters_(layout_of(*environment_, own_.part), environment_->options),
    optimizer_(environment_->optimizer->make(parameters_.layout_ptr(),
                                             environment_->options)),
    base_rate_(optimizer_->learning_rate()),
    stream_(environment_->seed, own_.id, "protocol"),
    compute_stream_(environment_->seed, own_.id, "compute time"),
    dropout_stream_(environment_->seed, own_.id, "dropout") {
  if (own_.role != node_role::parameter_server)
    sampler_.emplace(std::move(own_.shard), environment_->sampling,
                     random_stream{environment_->seed, own_.id, "shuffle"});
  digest_.remember(environment_->options.device().is_cpu());
  start_parameters(*environment_, own_.id, own_.part, parameters_);
  set_learning_rate();
}

caf::behavior node::make_behavior() {
  protocol_made_by_ = environment_->protocol;
  protocol_ = protocol_made_by_->make(*this);
  handlers_ = protocol_->behavior();
  // What the node itself does not handle belongs to the protocol.
  set_default_handler(
    [this](caf::scheduled_actor*,
           caf::message_view& x) -> caf::result<caf::message> {
      // Others may have started before: what they say waits.
      if (phase_ == phase::idle)
        return caf::skip();
      if (phase_ == phase::training)
        receive(x.content());
      return caf::message{};
    });
  return {
    [this](const introductions& x) { introduce(x); },
    [this](start_training) { start(); },
    [this](stop_training) {
      if (phase_ != phase::finished)
        handle({.kind = event_kind::stop}, {}, [this] { conclude(); });
    },
    [this](const computed& x) { take_gradient(x); },
    [this](const crash_due& x) { crash(x); },
  };
}

void node::on_exit() {
  // Neighbours hold each other's handles; letting go ends the cycle.
  links_.clear();
  coordinator_ = nullptr;
  evaluator_ = nullptr;
  handlers_ = {};
}

std::vector<waiting> node::waits() const {
  if (phase_ != phase::training)
    return {};
  return protocol_->waits();
}

void node::introduce(const introductions& x) {
  coordinator_ = x.coordinator;
  evaluator_ = x.evaluator;
  links_.clear();
  for (const auto& other : x.neighbours) {
    caf::actor injector;
    auto i = own_.links.find(other.id);
    if (i != own_.links.end() && !i->second.ideal())
      injector = make_injector(other.id, i->second);
    links_.push_back({other.id, other.handle, injector});
  }
}

link_traffic node::traffic_to(node_id to, const link_model& model) const {
  return {model, random_stream{environment_->seed, own_.id,
                               fmt::format("link {}", to)}};
}

caf::actor node::make_injector(node_id to, const link_model& model) {
  // Restored nodes make theirs while they handle nothing.
  auto result = home_system().spawn(delay_injector, traffic_to(to, model));
  link_to(result);
  return result;
}

void node::start() {
  if (phase_ != phase::idle)
    return;
  phase_ = phase::training;
  handle({.kind = event_kind::start}, {}, [this] {
    started_ = event_time_;
    keep_state();
    auto content = caf::make_message(start_training{});
    guarded([&] { handlers_(content); });
  });
  if (own_.crash_at)
    schedule_crash();
}

void node::schedule_crash() {
  auto left = std::max(duration{0}, *own_.crash_at - now());
  clock().schedule_message(clock().now() + left,
                           caf::strong_actor_ptr{ctrl()},
                           caf::make_mailbox_element(
                             ctrl(), caf::make_message_id(), {},
                             crash_due{*own_.crash_at}));
}

void node::crash(const crash_due& x) {
  if (phase_ != phase::training || own_.crash_at != x.at)
    return;
  // No last words to other nodes: that is for their protocols to notice.
  phase_ = phase::finished;
  caf::anon_send(
    coordinator_,
    node_failed{next_stamp(), static_cast<uint8_t>(error_code::node_crashed),
                fmt::format("node {} crashes at {} after {} steps, as "
                            "[[fault]] says",
                            id(), to_text(*own_.crash_at), step_)});
}

void node::conclude() {
  if (phase_ == phase::finished)
    return;
  send_snapshot(true);
  keep_state();
  phase_ = phase::finished;
  caf::anon_send(coordinator_, node_finished{next_stamp()});
}

// -- events -------------------------------------------------------------------

template <class F>
void node::handle(const event_origin& origin, const caf::message& content,
                  F f) {
  event_time_ = clock().now().time_since_epoch();
  auto sink = environment_->events;
  if (sink == nullptr) {
    f();
    return;
  }
  event_.emplace();
  event_->ticket = sink->begin({id(), origin, event_time_.count()});
  event_time_ = duration{event_->ticket.time};
  digest_.forget(origin.pieces);
  auto staleness = staleness_of(origin);
  auto version = parameters_.weights().version();
  if (adapted_ != environment_->changed)
    adapt();
  if (phase_ != phase::finished)
    f();
  auto& x = *event_;
  std::optional<uint64_t> state;
  if (parameters_.weights().version() != version)
    state = state_digest();
  if (x.snapshot)
    x.snapshot->weights = lend_weights();
  sink->end({x.ticket, id(), origin, content, step_, staleness, x.loss, x.norm,
             x.digest, state, std::move(x.snapshot)});
  event_.reset();
}

void node::receive(caf::type_erased_tuple& content) {
  if (content.match_elements<observed_message>()) {
    const auto& x = content.get_as<observed_message>(0);
    auto own = x.origin.stamp.source == id();
    auto letter = x.content;
    handle(x.origin, own ? caf::message{} : letter, [&] { dispatch(letter); });
    return;
  }
  event_origin origin;
  if (environment_->events != nullptr)
    origin.kind = message_kind(content);
  handle(origin, {}, [&] { dispatch(content); });
}

void node::dispatch(caf::type_erased_tuple& content) {
  guarded([&] {
    if (!handlers_(content))
      fail(error_code::fault,
           fmt::format("node {} received a message its protocol does not "
                       "know: {}",
                       id(), caf::to_string(content)));
  });
}

void node::adapt() {
  adapted_ = environment_->changed;
  const auto& next = adapted_->at(static_cast<size_t>(own_.id));
  own_.compute = next.compute;
  change_links(next.links);
  change_optimizer();
  if (protocol_made_by_ != environment_->protocol)
    guarded([this] { change_protocol(); });
  if (next.crash_at != own_.crash_at) {
    own_.crash_at = next.crash_at;
    if (own_.crash_at)
      schedule_crash();
  }
}

void node::change_links(const std::map<node_id, link_model>& links) {
  for (auto& x : links_) {
    auto i = links.find(x.to);
    auto next = i != links.end() ? i->second : link_model{};
    // Messages on their way stay on it, so an injector stays as well.
    if (x.injector)
      caf::anon_send(x.injector, std::move(next));
    else if (!next.ideal())
      x.injector = make_injector(x.to, next);
  }
}

event_origin node::origin_here(std::string_view kind, uint64_t number) const {
  event_origin result;
  result.kind = kind;
  result.stamp = {id(), step_, number, static_cast<uint64_t>(step_)};
  result.cause = event_->ticket.sequence;
  result.sent = event_->ticket.time;
  return result;
}

std::optional<int64_t> node::staleness_of(const event_origin& origin) const {
  auto source = origin.stamp.source;
  if (source == no_node || source == id())
    return std::nullopt;
  // A worker's steps are no versions of what its servers keep.
  if (role() != node_role::peer
      && !(role() == node_role::parameter_server && origin.versioned))
    return std::nullopt;
  return step_ - static_cast<int64_t>(origin.stamp.version);
}

uint64_t node::state_digest() {
  auto payload = lend_weights();
  if (auto data = payload.storage()->host_data())
    return digest_.of_bytes({data, payload.size_bytes()});
  host_storage copy{payload.size_bytes()};
  payload.storage()->copy_to(copy.data());
  return checksum({copy.data(), payload.size_bytes()});
}

void node::keep_state() {
  // A worker's parameters are an old version of the servers'.
  if (event_ && environment_->events->snapshot_every() > 0
      && role() != node_role::worker)
    event_->snapshot = state_snapshot{step_ / own_.updates_per_epoch,
                                      {},
                                      to_payload(parameters_.buffers().read())};
}

// -- computing ----------------------------------------------------------------

void node::compute() {
  CAF_ASSERT(!pending_);
  auto indices = sampler_->next();
  pending_gradient next{{parameters_.weights().read(),
                         parameters_.gradient().target(),
                         parameters_.buffers().writable()},
                        std::make_shared<gradient_summary>()};
  compute_service::cost price;
  price.step_time = own_.compute.draw_step_time(compute_stream_);
  price.delay = own_.compute.draw_delay(compute_stream_);
  price.factor = own_.compute.factor;
  // The streams of the job are seeded here, in the order of the node's own
  // computations, so the job may run in any thread at any time.
  auto work = [environment = environment_, tensors = next.tensors,
               summary = next.summary,
               samples = std::vector<int64_t>{indices.begin(), indices.end()},
               augmentation_stream = random_stream{dropout_stream_.next()},
               dropout_seed = dropout_stream_.next()] {
    compute_in_thread(*environment, tensors, samples, augmentation_stream,
                      dropout_seed, *summary);
  };
  ++computations_;
  if (event_)
    next.origin = origin_here(event_kind::gradient_ready, computations_);
  pending_ = std::move(next);
  environment_->compute->compute(this, std::move(work), price);
}

void node::take_gradient(const computed& x) {
  if (phase_ != phase::training)
    return;
  auto pending = std::exchange(pending_, std::nullopt);
  auto origin = pending->origin;
  handle(origin, {}, [&] { use_gradient(x, std::move(pending)); });
}

void node::use_gradient(const computed& x,
                        std::optional<pending_gradient> pending) {
  guarded([&] {
    environment_->compute->pool().wait(x.ticket);
    const auto summary = *pending->summary;
    if (!std::isfinite(summary.loss)) {
      fail(error_code::diverged,
           fmt::format("node {} diverged: its training loss is {} at step {}; "
                       "a smaller optimizer.lr usually helps",
                       id(), to_text(summary.loss), step_ + 1));
      return;
    }
    parameters_.gradient().commit(std::move(pending->tensors.gradient));
    if (event_)
      examine_gradient(summary.loss);
    sums_.loss += summary.loss;
    sums_.correct += summary.correct;
    sums_.samples += summary.samples;
    ++sums_.steps;
    // The tensors go back to their pools before the protocol looks for one.
    pending.reset();
    auto content = caf::make_message(
      gradient_ready{summary.loss, summary.correct, summary.samples});
    handlers_(content);
  });
}

void node::examine_gradient(double loss) {
  const auto& values = parameters_.gradient().read();
  event_->loss = loss;
  event_->seen.push_back(values);
  event_->norm = norm(values, {0, values.numel()});
  if (auto data = to_payload(values).storage()->host_data())
    event_->digest = digest_.of_bytes({data, values.nbytes()});
}

void node::set_learning_rate() {
  const auto& rates = environment_->rates;
  if (!rates)
    return;
  auto position = step_;
  if (rates->unit() == schedule_unit::epoch)
    position /= own_.updates_per_epoch;
  else if (rates->unit() == schedule_unit::round)
    position /= swaps().schedule->round();
  optimizer_->learning_rate(rates->rate(base_rate_, position));
}

bool node::finish_step() {
  ++step_;
  set_learning_rate();
  auto per_epoch = own_.updates_per_epoch;
  if (step_ == steps_total()) {
    conclude();
    return false;
  }
  if (step_ % per_epoch == 0
      && (step_ / per_epoch) % environment_->snapshot_every == 0)
    send_snapshot(false);
  if (event_) {
    auto every = environment_->events->snapshot_every();
    if (every > 0 && step_ % (per_epoch * every) == 0)
      keep_state();
  }
  auto report = environment_->report_every * swaps().schedule->round();
  if (report > 0 && step_ % report == 0 && own_.role == node_role::peer)
    caf::anon_send(evaluator_,
                   node_report{next_stamp(), now().count(), lend_weights()});
  if (step_ % std::max<int64_t>(1, steps_total() / progress_reports) == 0)
    caf::anon_send(coordinator_, progress{next_stamp()});
  return true;
}

void node::send_snapshot(bool final) {
  constexpr auto unknown = std::numeric_limits<double>::quiet_NaN();
  auto share = [](double part, int64_t whole) {
    return whole > 0 ? part / static_cast<double>(whole) : unknown;
  };
  auto classes = environment_->train->shape().classes;
  node_snapshot x;
  x.stamp = next_stamp();
  x.epoch = step_ / own_.updates_per_epoch;
  x.final = final;
  x.time = now().count();
  x.train_loss = share(sums_.loss, sums_.steps);
  x.train_accuracy
    = classes == 0 ? unknown
                   : share(static_cast<double>(sums_.correct), sums_.samples);
  x.bytes_sent = bytes_sent_;
  x.messages_sent = messages_sent_;
  x.edges = edge_records();
  // A worker's parameters are an old version of the servers'.
  if (own_.role != node_role::worker) {
    x.weights = lend_weights();
    x.buffers = to_payload(parameters_.buffers().read());
  }
  sums_ = {};
  caf::anon_send(evaluator_, std::move(x));
  send_metrics();
}

void node::send_metrics() {
  node_metrics x;
  x.values = protocol_->metrics();
  if (x.values.empty())
    return;
  x.stamp = next_stamp();
  x.epoch = step_ / own_.updates_per_epoch;
  x.time = now().count();
  caf::anon_send(coordinator_, std::move(x));
}

void node::count_gradient(const gradient& x) {
  if (event_)
    event_->loss = x.loss;
  sums_.loss += x.loss;
  sums_.correct += x.correct;
  sums_.samples += x.samples;
  ++sums_.steps;
}

std::vector<edge_record> node::edge_records() const {
  std::map<node_id, edge_record> result;
  for (const auto& x : links_)
    result[x.to] = {x.to, x.bytes_sent, x.messages_sent, 0};
  for (auto [from, missed] : missed_) {
    result[from].peer = from;
    result[from].missed = missed;
  }
  std::vector<edge_record> records;
  for (const auto& [peer, record] : result)
    records.push_back(record);
  return records;
}

// -- talking ------------------------------------------------------------------

message_stamp node::next_stamp() {
  return {id(), step_, ++sequence_, static_cast<uint64_t>(step_)};
}

caf::serializer* node::begin_digest() {
  if (!event_)
    return nullptr;
  digest_.begin();
  return &digest_;
}

void node::route(node_id to, outgoing x) {
  auto i = std::find_if(links_.begin(), links_.end(),
                        [to](const link& y) { return y.to == to; });
  if (i == links_.end()) {
    fail(error_code::unknown_sender,
         fmt::format("node {} sends to node {}, which is no neighbour of it",
                     id(), to));
    return;
  }
  bytes_sent_ += x.bytes;
  ++messages_sent_;
  i->bytes_sent += x.bytes;
  ++i->messages_sent;
  if (event_) {
    auto origin = origin_here(message_kind(x.content), 0);
    origin.stamp = x.stamp;
    origin.versioned = x.versioned;
    origin.bytes = x.bytes;
    origin.digest = digest_.result();
    origin.pieces = digest_.pieces();
    event_->sent.push_back(x.content);
    observed_message letter{std::move(x.content), std::move(origin)};
    if (environment_->events->take(to, letter))
      return;
    x.content = caf::make_message(std::move(letter));
  }
  if (i->injector)
    caf::event_based_actor::send(
      i->injector, envelope{i->handle, std::move(x.content), x.bytes});
  else
    i->handle->enqueue(ctrl(), caf::make_message_id(), std::move(x.content),
                       caf::event_based_actor::context());
}

void node::schedule(duration delay, caf::message content) {
  if (event_) {
    auto origin = origin_here(event_kind::timer, ++timers_);
    auto kind = message_kind(content);
    origin.digest = checksum(std::as_bytes(std::span{kind}));
    observed_message letter{std::move(content), std::move(origin)};
    if (environment_->events->take(id(), letter))
      return;
    content = caf::make_message(std::move(letter));
  }
  clock().schedule_message(clock().now() + delay, caf::strong_actor_ptr{ctrl()},
                           caf::make_mailbox_element(ctrl(),
                                                     caf::make_message_id(), {},
                                                     std::move(content)));
}

node::duration node::now() const {
  return event_time_ - started_;
}

void node::count_missed(node_id from) {
  ++missed_[from];
}

void node::note(const std::string& text) {
  if (event_)
    environment_->events->note(id(), event_->ticket, false, text);
  caf::anon_send(coordinator_, node_event{next_stamp(), now().count(), text});
}

void node::fail(error_code code, const std::string& text) {
  if (phase_ == phase::finished)
    return;
  if (event_)
    environment_->events->note(id(), event_->ticket, true, text);
  send_snapshot(true);
  keep_state();
  phase_ = phase::finished;
  caf::anon_send(coordinator_,
                 node_failed{next_stamp(), static_cast<uint8_t>(code), text});
}

at::Tensor node::accept(const message_stamp& from, const tensor_payload& x) {
  return accept(from, x, parameters_.layout().numel());
}

at::Tensor node::accept(const message_stamp& from, const tensor_payload& x,
                        int64_t numel) {
  const auto& own = parameters_.weights().read();
  auto problem = check_payload(x, to_element_type(own.scalar_type()),
                               static_cast<size_t>(numel));
  if (problem) {
    fail(error_code::mismatched_payload,
         fmt::format("node {} cannot use the parameters of node {} at step "
                     "{}: {}",
                     id(), from.source, from.step,
                     describe(home_system(), problem)));
    return {};
  }
  auto result = to_tensor(x);
  return own.device().is_cpu() ? result : result.to(own.device());
}

tensor_payload node::lend_weights() {
  return to_payload(parameters_.weights().read());
}

template <class F>
void node::guarded(F f) {
  try {
    f();
  } catch (const error& e) {
    auto code = e.code() == exit_code::diverged ? error_code::diverged
                                                : error_code::fault;
    fail(code,
         fmt::format("node {} at step {}: {}", id(), step_ + 1, e.what()));
  } catch (const std::exception& e) {
    fail(error_code::fault,
         fmt::format("node {} at step {}: {}", id(), step_ + 1, e.what()));
  }
}

} // namespace caps
