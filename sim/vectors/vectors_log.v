// SPDX-FileCopyrightText: the FirstSpike authors
// SPDX-License-Identifier: 0BSD

  // The spikes of @layer, image after image; per image the number up to its end and its decision.
  reg [@msb:0] spikes_@name[0:@last];
  reg [31:0] spike_ends_@name[0:2*IMAGES-1];
  integer spike_@name, match_@name;
  reg [@msb:0] moved_@name;

  initial begin
    spike_@name = 0;
    $readmemh("spikes_@name.hex", spikes_@name);
    $readmemh("spike_ends_@name.hex", spike_ends_@name);
  end

  // Compare a spike of the core with the next one of golden.
  task take_@name(input [@msb:0] spike);
    begin
      if (spike_@name >= spike_ends_@name[2*image]) begin
        $display("FAIL: image %0d: @layer: neuron %0d spikes at tick %0d, golden has none",
                 image, spike@neuron, spike@tick);
        $fatal(0);
        #1;
      end
      if (@unordered) begin  // spikes of one tick come in any order: fetch this one of golden
        match_@name = spike_@name;
        while (match_@name + 1 < spike_ends_@name[2*image] &&
               spikes_@name[match_@name]@tick == spike@tick &&
               spikes_@name[match_@name]@neuron != spike@neuron &&
               spikes_@name[match_@name + 1]@tick == spike@tick)
          match_@name = match_@name + 1;
        moved_@name = spikes_@name[match_@name];
        spikes_@name[match_@name] = spikes_@name[spike_@name];
        spikes_@name[spike_@name] = moved_@name;
      end
      check(image, "log @name tick", spike@tick, spikes_@name[spike_@name]@tick);
      check(image, "log @name neuron", spike@neuron, spikes_@name[spike_@name]@neuron);
      spike_@name = spike_@name + 1;
    end
  endtask

  // Check at a decision that no spike before it is missing.
  task end_@name;
    begin
      if (spike_@name < spike_ends_@name[2*image+1]) begin
        $display("FAIL: image %0d: @layer: no spike of neuron %0d at tick %0d, golden has it",
                 image, spikes_@name[spike_@name]@neuron, spikes_@name[spike_@name]@tick);
        $fatal(0);
        #1;
      end
      spike_@name = spike_ends_@name[2*image];
    end
  endtask
